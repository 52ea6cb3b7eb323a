// What went wrong with a request, in the words an operator needs (CON-25): cause, effect on money, next step, code, trace id.
// Owns the one error type of the console. Must not know pages or how requests are sent.
import type { components } from "~/api/schema";

export type Problem = components["schemas"]["Problem"];
export type Fault = components["schemas"]["FieldFault"];

/** How far a request came: refused by the server for good, refused for now, or nobody knows. */
export type Certainty = "refused" | "not_taken" | "unknown";

export interface TroubleParts {
  code: string;
  title: string;
  cause: string;
  certainty: Certainty;
  writes: boolean;
  status?: number;
  traceId?: string | undefined;
  faults?: Fault[];
  retryable?: boolean;
  retryAfterSeconds?: number | undefined;
  /** Further members of the problem, such as `upload_id`. */
  more?: Record<string, unknown>;
}

/** Codes by which the server says that nothing was acknowledged, whatever the status. */
const NOT_TAKEN = new Set([
  "log_unavailable",
  "backlog_full",
  "staging_unavailable",
  "rate_limited",
  "identity_unavailable",
]);

/** Statuses under which the server keeps its refusal for the key: sending again gives the same answer. */
const REMEMBERED = new Set([402, 409, 422]);

/** Refusals of a key's repeat that say nothing about the first request. */
const STILL_OPEN = new Set(["idempotency_in_flight"]);

export class Trouble extends Error {
  readonly parts: TroubleParts;

  constructor(parts: TroubleParts) {
    super(`${parts.code}: ${parts.cause}`);
    this.name = "Trouble";
    this.parts = parts;
  }

  /** What this did to money, in one sentence. */
  get effect(): string {
    if (!this.parts.writes) return "None: this only reads.";
    if (this.parts.certainty === "unknown")
      return "Unknown: it may or may not have been taken. The same key sent again finds out and cannot pay twice.";
    if (this.parts.code === "insufficient_funds") return "Nothing was paid. The refusal is on record.";
    return "None: nothing of this request was taken.";
  }

  /** What to do when the server's own remedy is not at hand. */
  get nextStep(): string {
    if (this.parts.certainty === "unknown") return this.parts.writes ? "Send it again with the same key." : "Try again.";
    if (this.parts.retryable) return "Wait a moment, then try again.";
    return this.parts.faults?.length
      ? "Mend the fields that are named, then send again."
      : "Read it again, then decide again.";
  }

  /** Whether the key of this request has its answer: a new try needs a new key. */
  get answersKey(): boolean {
    return REMEMBERED.has(this.parts.status ?? 0) && !STILL_OPEN.has(this.parts.code);
  }
}

/** The trouble that a problem document tells. */
export function fromProblem(
  problem: Partial<Problem>,
  status: number,
  about: { writes: boolean; traceId: string; retryAfter?: string | null },
): Trouble {
  const code = problem.code ?? `http_${String(status)}`;
  const seconds = Number(about.retryAfter);
  return new Trouble({
    code,
    title: problem.title ?? "The request was refused",
    cause: problem.detail ?? `The server answered ${String(status)} without saying why.`,
    certainty: certaintyOf(code, status),
    writes: about.writes,
    status,
    traceId: problem.trace_id ?? about.traceId,
    faults: problem.errors ?? [],
    retryable: problem.retryable ?? status >= 500,
    more: problem as Record<string, unknown>,
    retryAfterSeconds: about.retryAfter && Number.isFinite(seconds) ? seconds : undefined,
  });
}

function certaintyOf(code: string, status: number): Certainty {
  if (NOT_TAKEN.has(code)) return "not_taken";
  if (STILL_OPEN.has(code) || status >= 500) return "unknown";
  return "refused";
}

/** Nobody answered: a time-out or a broken line. For a write that is never a failure, it is unknown. */
export function unanswered(
  kind: "timeout" | "offline" | "unreadable",
  about: { writes: boolean; traceId: string; seconds: number },
): Trouble {
  const words = {
    timeout: { title: "No answer yet", cause: `The server did not answer within ${String(about.seconds)} s.` },
    offline: { title: "No connection", cause: "The server could not be reached." },
    unreadable: { title: "Unreadable answer", cause: "The answer was not what the API describes." },
  }[kind];
  return new Trouble({
    code: kind,
    ...words,
    certainty: "unknown",
    writes: about.writes,
    traceId: about.traceId,
    retryable: true,
  });
}

/** Any thrown thing as a trouble, so that every notice has the same five parts. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof Trouble) return error;
  const cause = error instanceof Error ? error.message : String(error);
  return new Trouble({
    code: "console_error",
    title: "This part of the page broke",
    cause,
    certainty: "refused",
    writes: false,
  });
}
