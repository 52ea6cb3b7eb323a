// The lifecycle as a diagram (CON-05): all states and legal moves, where the payout is and where it was. Owns the drawing; the moves are the
// server's (`GET /api/v1/lifecycle/`). Readable without colour: the present state is named, visited ones are ticked.
import { useQuery } from "@tanstack/react-query";
import { lifecycleQuery } from "~/api/reads";
import { statusWord } from "~/parts/status";

const PLACES: Record<string, [x: number, y: number]> = {
  pending: [10, 76],
  processing: [190, 76],
  requires_action: [370, 76],
  canceled: [10, 148],
  completed: [550, 40],
  failed: [550, 112],
  returned: [730, 40],
  rejected: [730, 112],
};
const [WIDE, HIGH] = [160, 40];

export function Lifecycle({ now, visited }: { now: string; visited: readonly string[] }) {
  const { data, error } = useQuery(lifecycleQuery);
  const states = data?.states ?? [];
  const words = `Now: ${statusWord(now)[0]}. ${data ? whatNext(states.find(({ state }) => state === now)?.moves) : error ? "What it can become could not be read." : ""}`;
  return (
    <figure className="lifecycle">
      <svg viewBox="0 0 900 200" role="img" aria-label={words}>
        <defs>
          <marker
            id="arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto-start-reverse"
          >
            <path d="M0 0 8 4 0 8z" className="arrow" />
          </marker>
        </defs>
        {states.flatMap(({ state, moves }) =>
          moves.map((to) => <Move key={state + to} from={state} to={to} isNext={state === now} />),
        )}
        {Object.entries(PLACES).map(([state, place]) => (
          <State key={state} state={state} place={place} isNow={state === now} wasThere={visited.includes(state)} />
        ))}
      </svg>
      <figcaption className="faint">{words}</figcaption>
    </figure>
  );
}

/** The states it can go to from here, in words. */
function whatNext(moves: readonly string[] | undefined): string {
  if (!moves) return "This console does not know this state.";
  return moves.length ? `It can become: ${moves.map((state) => statusWord(state)[0]).join(", ")}.` : "This state is final.";
}

function State({
  state,
  place: [x, y],
  isNow,
  wasThere,
}: {
  state: string;
  place: [number, number];
  isNow: boolean;
  wasThere: boolean;
}) {
  return (
    <g className={isNow ? "state now" : wasThere ? "state was" : "state"}>
      <rect x={x} y={y} width={WIDE} height={HIGH} rx={8} />
      <text x={x + WIDE / 2} y={y + HIGH / 2 + 4} textAnchor="middle">
        {isNow ? "▸ " : wasThere ? "✓ " : ""}
        {statusWord(state)[0]}
      </text>
    </g>
  );
}

function Move({ from, to, isNext }: { from: string; to: string; isNext: boolean }) {
  return <path d={pathOf(from, to)} className={isNext ? "move next" : "move"} markerEnd="url(#arrow)" />;
}

/** From side to side; moves to and fro between neighbours, and those past one, bow so that they can be told apart. */
function pathOf(from: string, to: string): string {
  const [[fromX, fromY], [toX, toY]] = [PLACES[from] ?? [0, 0], PLACES[to] ?? [0, 0]];
  if (fromX === toX) {
    const middle = String(fromX + WIDE / 2);
    return `M${middle} ${String(fromY + HIGH)} L${middle} ${String(toY)}`;
  }
  if (toX < fromX)
    return `M${String(fromX + 20)} ${String(fromY)} Q${String(fromX - 20)} ${String(fromY - 26)} ${String(toX + WIDE - 20)} ${String(toY)}`;
  if (toX - fromX > 200) {
    const side = toY < fromY ? -1 : 1;
    const edge = side < 0 ? 0 : HIGH;
    return `M${String(fromX + 60)} ${String(fromY + edge)} Q${String((fromX + toX) / 2)} ${String(fromY + edge + side * 70)} ${String(toX)} ${String(toY + HIGH / 2)}`;
  }
  return `M${String(fromX + WIDE)} ${String(fromY + HIGH / 2)} L${String(toX)} ${String(toY + HIGH / 2)}`;
}
