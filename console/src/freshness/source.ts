// From an answer to its source of freshness. Owns reading the API's `freshness` member. Must not know panels.
import type { Schemas } from "~/api/typed";
import type { Source } from "~/freshness/Age";

/** Of an answer that tells when the views last had all events. */
export function fromViews(answer: { freshness?: Schemas["Freshness"] | undefined }, readAt: number, live = true): Source {
  return { asOf: asOfAnswer(answer.freshness, readAt), name: answer.freshness?.source ?? "views", live };
}

/** The server's time, and its age from when it was read on: the earlier of the two, since a browser's clock may be behind the server's. */
export function asOfAnswer(told: Schemas["Freshness"] | undefined, readAt: number): number {
  const byServer = told ? Date.parse(told.timestamp) : NaN;
  return Math.min(readAt - (told?.max_age_ms ?? 0), Number.isNaN(byServer) ? Infinity : byServer);
}

/** Of an answer that says nothing about its age: as old as its reading. */
export function asRead(readAt: number, name: string, live = false): Source {
  return { asOf: readAt, name, live };
}
