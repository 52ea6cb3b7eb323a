// Requests with the types of our own OpenAPI document: a path, its parameters and its answers fit together or do not compile.
// Owns the typing and what 202 means. Must not know pages.
import { send, type Asked, type Query } from "~/api/request";
import type { components, paths } from "~/api/schema";
import { Trouble } from "~/api/trouble";

export type Schemas = components["schemas"];
export type Payout = Schemas["Payout"];
export type Batch = Schemas["Batch"];
export type Freshness = Schemas["Freshness"];

type Method = "get" | "post" | "put" | "patch" | "delete";
type Having<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;
type Json<R> = R extends { content: { "application/json": infer T } } ? T : undefined;
type Answer<O, S extends number> = O extends { responses: infer R }
  ? { [K in keyof R & S]: Json<R[K]> }[keyof R & S]
  : never;
type Body<O> = O extends { requestBody?: { content: { "application/json": infer B } } } ? B : undefined;
type Places<O> = O extends { parameters: { path: infer P } } ? P : undefined;
type Asks<O> = O extends { parameters: { query?: infer Q } } ? Q : undefined;

interface Common {
  merchant?: string | undefined;
  signal?: AbortSignal | undefined;
}
/** What says how old it is. */
export interface Aged {
  freshness?: Freshness | undefined;
}
type WithPlaces<O> = Places<O> extends Record<string, string | number> ? { place: Places<O> } : { place?: undefined };

/** What a write came to. `undecided`: it is on its way and nobody knows yet; never shown as success or failure (CON-14). */
export type Written<T> =
  | { kind: "decided"; body: T; status: number; replayed: boolean; etag: string | null; headers: Headers }
  | { kind: "undecided"; detail: string; id: string | null; location: string | null };

/** The 200 body of a GET. A thing that is not decided yet (202) is a Trouble `undecided` that may be asked again. */
export async function read<P extends Having<"get">>(
  path: P,
  options: Common & { query?: Asks<Operation<P, "get">> | undefined } & WithPlaces<Operation<P, "get">>,
): Promise<Answer<Operation<P, "get">, 200>> {
  const { place, query, ...common } = options;
  const answered = await send<unknown>({ path: fill(path, place), query: query as Query | undefined, ...common });
  if (answered.status === 202) throw undecided();
  return answered.body as Answer<Operation<P, "get">, 200>;
}

/** The same of an answer that tells its age in a header alone: how old what it tells is, in the form of the others. */
export async function readAged<P extends Having<"get">>(
  path: P,
  options: Common & WithPlaces<Operation<P, "get">>,
): Promise<Answer<Operation<P, "get">, 200> & Aged> {
  const { place, ...common } = options;
  const { status, body, headers } = await send<object>({ path: fill(path, place), ...common });
  if (status === 202) throw undecided();
  const ageMs = 1000 * Number(headers.get("Age") ?? 0);
  const timestamp = new Date(Date.now() - ageMs).toISOString();
  const freshness: Freshness = { timestamp, source: "views", max_age_ms: ageMs };
  return { ...body, freshness } as unknown as Answer<Operation<P, "get">, 200> & Aged;
}

/** Send a write under a key. Throws Trouble; a refusal is told by its certainty. */
export async function write<P extends Having<M>, M extends Exclude<Method, "get">>(
  method: M,
  path: P,
  options: Common & {
    key?: string | undefined;
    ifMatch?: string | undefined;
    body?: Body<Operation<P, M>> | undefined;
  } & WithPlaces<Operation<P, M>>,
): Promise<Written<Answer<Operation<P, M>, 200 | 201>>> {
  const { place, ...rest } = options;
  return writtenBy({
    method: method.toUpperCase() as Exclude<Asked["method"], undefined>,
    path: fill(path, place),
    ...rest,
  });
}

/** The same for a request that is kept as plain data (the outbox). */
export async function writtenBy<T>(asked: Asked): Promise<Written<T>> {
  const { status, body, headers } = await send<T>(asked);
  if (status === 202 && isPending(body))
    return { kind: "undecided", detail: body.detail, id: body.id, location: body.location };
  return {
    kind: "decided",
    body,
    status,
    replayed: headers.get("Idempotency-Replayed") === "true",
    etag: headers.get("ETag"),
    headers,
  };
}

function isPending(body: unknown): body is Schemas["Pending"] {
  return typeof body === "object" && body !== null && "pending" in body;
}

function fill(path: string, place: Record<string, string | number> | undefined): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(place?.[name] ?? ""));
}

function undecided(): Trouble {
  return new Trouble({
    code: "undecided",
    title: "Not decided yet",
    cause: "The request for this is on the log and its decision is not made yet.",
    certainty: "unknown",
    writes: false,
    retryable: true,
  });
}
