// What may be done to a payout or a batch now, and why not: asked of the server and told in its words (CON-06). Owns saying it before a
// button is pressed. Must not judge: the server does, and once more when it is asked to act.
import type { Schemas } from "~/api/typed";

type Action = Schemas["Action"];

/** The parts of a query's result that are looked at. */
export interface Told {
  data: { actions: Action[] } | undefined;
  error: Error | null;
}

/** Why an act cannot be done now, or null if it can. What was not read is not allowed. */
export function whyNotDo(name: string, { data, error }: Told): string | null {
  if (!data) return error ? "What can be done could not be read; refresh." : "Asking whether this can be done…";
  const action = data.actions.find((one) => one.action === name);
  if (!action) return "The server offers no such act here.";
  return action.allowed ? null : (action.reason ?? "The server does not allow it now.");
}

/** The same for one act on many: how many cannot, and the server's words for the first of them. */
export function whyNotAll(name: string, told: readonly Told[]): string | null {
  const reasons = told.flatMap((one) => whyNotDo(name, one) ?? []);
  return reasons.length ? `${String(reasons.length)} of them cannot: ${reasons[0] ?? ""}` : null;
}
