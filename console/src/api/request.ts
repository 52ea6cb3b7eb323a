// One request to the public API and its answer. Owns headers, time-outs and that a time-out of a write is unknown, not failed.
// Must not know pages, caches or which forms there are; the console has no other way to the server than this file and the feed.
import { passed, positionFor, wroteAt } from "~/api/position";
import { newTrace } from "~/api/trace";
import { fromProblem, unanswered, type Problem, type Trouble } from "~/api/trouble";

/** A call that takes this long shows its error, a retry and the last known data (CON-16). */
export const PATIENCE_MS = 10_000;

export type Query = Record<string, string | number | boolean | undefined | null>;

export interface Asked {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  merchant?: string | undefined;
  query?: Query | undefined;
  body?: unknown;
  key?: string | undefined;
  ifMatch?: string | undefined;
  signal?: AbortSignal | undefined;
  patienceMs?: number | undefined;
}

export interface Answered<T> {
  status: number;
  body: T;
  headers: Headers;
}

let onRefusedSignIn: () => void = () => undefined;

/** Be told when the server no longer knows who asks: a sign-in has ended, here or elsewhere. Questions about the sign-in itself do not count. */
export function whenSignedOut(act: () => void): void {
  onRefusedSignIn = act;
}

/** Send it. Throws Trouble for everything that is not 2xx, and for no answer. */
export async function send<T>(asked: Asked): Promise<Answered<T>> {
  const trace = newTrace();
  const response = await fetched(asked, trace);
  const body = await bodyOf<T>(response, asked, trace.id);
  note(asked, response);
  return { status: response.status, body, headers: response.headers };
}

/** The address with its query; what is not given is left out. */
export function addressOf(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, String(value)]],
  );
  return pairs.length ? `${path}?${new URLSearchParams(pairs).toString()}` : path;
}

/** Whether the request could change something. */
export function writes(asked: Asked): boolean {
  return (asked.method ?? "GET") !== "GET";
}

async function fetched(asked: Asked, trace: { id: string; header: string }): Promise<Response> {
  const patience = asked.patienceMs ?? PATIENCE_MS;
  const limit = AbortSignal.timeout(patience);
  try {
    return await fetch(addressOf(asked.path, asked.query), {
      method: asked.method ?? "GET",
      headers: headersOf(asked, trace.header),
      body: payload(asked.body),
      signal: asked.signal ? AbortSignal.any([asked.signal, limit]) : limit,
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    throw unansweredOf(asked, limit.aborted ? "timeout" : "offline", trace.id);
  }
}

function unansweredOf(asked: Asked, kind: "timeout" | "offline" | "unreadable", traceId: string): Trouble {
  return unanswered(kind, { writes: writes(asked), traceId, seconds: (asked.patienceMs ?? PATIENCE_MS) / 1000 });
}

function payload(body: unknown): BodyInit | null {
  if (body === undefined) return null;
  return body instanceof FormData || body instanceof Blob ? body : JSON.stringify(body);
}

function headersOf(asked: Asked, traceparent: string): Headers {
  const headers = new Headers({ Accept: "application/json", traceparent });
  const plain = asked.body !== undefined && !(asked.body instanceof FormData) && !(asked.body instanceof Blob);
  if (plain) headers.set("Content-Type", "application/json");
  if (asked.merchant) headers.set("X-Merchant-Id", asked.merchant);
  if (asked.key) headers.set("Idempotency-Key", asked.key);
  if (asked.ifMatch) headers.set("If-Match", asked.ifMatch);
  const position = !writes(asked) && asked.merchant ? positionFor(asked.merchant) : undefined;
  if (position) headers.set("Payflow-Position", position);
  const token = writes(asked) ? csrfToken() : undefined;
  if (token) headers.set("X-CSRF-Token", token);
  return headers;
}

/** The sign-in's token; open mode and API keys have none. */
function csrfToken(): string | undefined {
  return /(?:^|; )__Host-payflow_csrf=([^;]+)/.exec(document.cookie)?.[1];
}

async function bodyOf<T>(response: Response, asked: Asked, traceId: string): Promise<T> {
  const text = await response.text().catch(() => {
    throw unansweredOf(asked, "offline", traceId);
  });
  const parsed = parse(text);
  if (response.status === 401 && !asked.path.startsWith("/api/v1/sessions/")) onRefusedSignIn();
  if (!response.ok) {
    const retryAfter = response.headers.get("Retry-After");
    throw fromProblem((parsed ?? {}) as Partial<Problem>, response.status, { writes: writes(asked), traceId, retryAfter });
  }
  if (parsed === undefined && text !== "") throw unansweredOf(asked, "unreadable", traceId);
  return parsed as T;
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function note(asked: Asked, response: Response): void {
  if (!asked.merchant) return;
  if (writes(asked)) return void wroteAt(asked.merchant, response.headers.get("Payflow-Position"));
  const sent = positionFor(asked.merchant);
  if (sent && !response.headers.has("Payflow-Behind")) passed(asked.merchant, sent);
}
