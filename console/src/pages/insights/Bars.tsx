// Counts over time as stacked bars, drawn by hand: a chart library would weigh more than the page. The table beneath says the same to who
// cannot see it, so the picture is one image with a name. Owns the scale. Must not know what is counted.
import { count } from "~/money/amount";
import type { Tone } from "~/parts/status";
import { useZone } from "~/time/now";
import { absolute } from "~/time/zone";

export interface Bar {
  at: string;
  parts: { name: string; tone: Tone; number: number }[];
}

const [WIDTH, HEIGHT, GAP] = [640, 160, 2];

export function Bars({ title, bars }: { title: string; bars: Bar[] }) {
  const zone = useZone();
  const most = Math.max(1, ...bars.map(totalOf));
  const step = WIDTH / Math.max(12, bars.length);
  const names = bars[0]?.parts ?? [];
  const when = (bar: Bar | undefined) => (bar ? absolute(Date.parse(bar.at), zone).slice(0, 16) : "");
  return (
    <figure className="bars">
      <figcaption className="row">
        <span className="strong">{title}</span>
        {names.map((part) => (
          <span key={part.name} className={`tone-${part.tone}`}>
            <span aria-hidden="true">■</span> {part.name}
          </span>
        ))}
        <span className="faint">highest: {count(most)}</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`}
        role="img"
        aria-label={`${title} by time; the table has the figures`}
      >
        {bars.map((bar, index) => (
          <g key={bar.at}>
            <title>{`${when(bar)}: ${bar.parts.map((part) => `${count(part.number)} ${part.name}`).join(", ")}`}</title>
            {stacked(bar, most).map((part) => (
              <rect
                key={part.name}
                className={`bar-${part.tone}`}
                x={index * step + GAP / 2}
                width={Math.max(1, step - GAP)}
                y={HEIGHT - part.top}
                height={part.height}
              />
            ))}
          </g>
        ))}
      </svg>
      <div className="row faint">
        <span>{when(bars[0])}</span>
        <span className="grow" />
        <span>{when(bars.at(-1))}</span>
      </div>
    </figure>
  );
}

function totalOf(bar: Bar): number {
  return bar.parts.reduce((total, part) => total + part.number, 0);
}

/** The parts from the ground up; one that is not zero is at least 2 high, so that a single failure among thousands is seen. */
export function stacked(bar: Bar, most: number): { name: string; tone: Tone; top: number; height: number }[] {
  let top = 0;
  return bar.parts.map((part) => {
    const height = part.number === 0 ? 0 : Math.max(2, (part.number / most) * (HEIGHT - 8));
    top += height;
    return { name: part.name, tone: part.tone, top, height };
  });
}
