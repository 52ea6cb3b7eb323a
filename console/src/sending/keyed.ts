// The idempotency key of a form and the request made with it (CON-13): made when the form opens, kept through double clicks, errors and
// reloads, given up once answered. Owns the life of a key. Must not know forms or send anything.
import { keep, recall } from "~/keep/storage";
import type { Trouble } from "~/api/trouble";

/** What is kept of a form in this tab. `unknown`: sent, and nobody knows what became of it; its content may not change. */
export interface Keyed<D> {
  key: string;
  draft: D;
  state: "open" | "unknown";
}

export class FormKey<D> {
  private readonly name: string;
  private readonly isDraft: (value: unknown) => value is D;

  /** `name` tells form and merchant apart; `isDraft` guards what an older page may have kept. */
  constructor(name: string, isDraft: (value: unknown) => value is D) {
    this.name = `form.${name}`;
    this.isDraft = isDraft;
  }

  /** What was kept, or a new key for an empty form; kept at once. */
  open(empty: D, newKey: () => string = () => crypto.randomUUID()): Keyed<D> {
    const kept = recall("session", this.name, (value): value is Keyed<D> => this.isKeyed(value));
    return kept ?? this.hold({ key: newKey(), draft: empty, state: "open" });
  }

  hold(keyed: Keyed<D>): Keyed<D> {
    keep("session", this.name, keyed);
    return keyed;
  }

  /** The answer is there: the next form gets a key of its own. */
  close(): void {
    keep("session", this.name, null);
  }

  /** What became of a request whose form was left since: `null` closes it; what belongs to another key stays as it is. */
  settle(key: string, state: Keyed<D>["state"] | null): void {
    const kept = recall("session", this.name, (value): value is Keyed<D> => this.isKeyed(value));
    if (kept?.key === key) keep("session", this.name, state === null ? null : { ...kept, state });
  }

  private isKeyed(value: unknown): value is Keyed<D> {
    const found = value as Partial<Keyed<D>> | null;
    return (
      typeof found?.key === "string" && this.isDraft(found.draft) && (found.state === "open" || found.state === "unknown")
    );
  }
}

/** What a trouble means for the key: keep it and the content, keep the key only, or take a new key for a new try. */
export function afterTrouble(trouble: Trouble): "repeat_as_it_was" | "mend_and_send" | "new_key" {
  if (trouble.parts.certainty === "unknown") return "repeat_as_it_was";
  return trouble.answersKey ? "new_key" : "mend_and_send";
}
