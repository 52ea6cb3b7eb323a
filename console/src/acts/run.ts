// Doing one thing to many rows, one keyed request each (CON-06, CON-14): requested first, then what the server decided, row by row.
// Owns the standing of each. Must not decide what may be done.
import { answeredAct } from "~/acts/keys";
import { Cell } from "~/keep/cell";
import type { Asked } from "~/api/request";
import { writtenBy, type Written } from "~/api/typed";
import { troubleOf, type Trouble } from "~/api/trouble";
import { outbox, type Outbox } from "~/sending/outbox";

export type Standing =
  | { state: "requested" }
  | { state: "decided" }
  | { state: "refused"; trouble: Trouble }
  | { state: "unknown"; trouble: Trouble | null };

export interface Act {
  id: string;
  words: string;
  asked: Asked & { key: string };
}

export class Run {
  readonly standings = new Cell<ReadonlyMap<string, Standing>>(new Map());
  private readonly box: Outbox;
  private readonly send: (asked: Asked) => Promise<Written<unknown>>;

  constructor(send: (asked: Asked) => Promise<Written<unknown>> = writtenBy, box: Outbox = outbox) {
    this.send = send;
    this.box = box;
  }

  /** Ask for all, one after another; none is asked for twice. What is not answered goes to the list of the unanswered. */
  async start(acts: readonly Act[]): Promise<void> {
    for (const act of acts) this.mark(act.id, { state: "requested" });
    for (const act of acts) await this.one(act);
  }

  private async one(act: Act): Promise<void> {
    try {
      const result = await this.send(act.asked);
      if (result.kind === "decided") this.answer(act, { state: "decided" });
      else this.wait(act, null);
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble.parts.certainty === "unknown") this.wait(act, trouble);
      else this.answer(act, { state: "refused", trouble });
    }
  }

  private answer(act: Act, standing: Standing): void {
    answeredAct(act.asked.key);
    this.mark(act.id, standing);
  }

  private wait(act: Act, trouble: Trouble | null): void {
    this.mark(act.id, { state: "unknown", trouble });
    const { method, path, merchant, body, ifMatch, key } = act.asked;
    this.box.add(
      { key, words: act.words, asked: { method, path, merchant, body, ifMatch }, sentAt: Date.now() },
      (result) => {
        this.answer(act, "kind" in result ? { state: "decided" } : { state: "refused", trouble: result });
      },
    );
  }

  private mark(id: string, standing: Standing): void {
    this.standings.set(new Map([...this.standings.get(), [id, standing]]));
  }
}

/** How many stand where. */
export function tally(standings: ReadonlyMap<string, Standing>): Record<Standing["state"], number> {
  const counts = { requested: 0, decided: 0, refused: 0, unknown: 0 };
  for (const { state } of standings.values()) counts[state] += 1;
  return counts;
}
