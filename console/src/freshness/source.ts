// From an answer to its source of freshness. Owns reading the API's `freshness` member. Must not know panels.
import type { Schemas } from "~/api/typed";
import type { Source } from "~/freshness/Age";

/** Of an answer that tells when the views last had all events. */
export function fromViews(answer: { freshness?: Schemas["Freshness"] | undefined }, readAt: number, live = true): Source {
  const told = answer.freshness ? Date.parse(answer.freshness.timestamp) : readAt;
  return { asOf: Number.isNaN(told) ? readAt : told, name: answer.freshness?.source ?? "views", live };
}

/** Of an answer that says nothing about its age: as old as its reading. */
export function asRead(readAt: number, name: string, live = false): Source {
  return { asOf: readAt, name, live };
}
