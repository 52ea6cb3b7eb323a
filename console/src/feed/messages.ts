// The feed's messages (docs/feed.md), read leniently: unknown types and members are ignored.
// Owns their shapes and the order of cursors. Must not know sockets.
import type { Batch, Payout, Schemas } from "~/api/typed";

/** One change of a payout: its whole moving state and the version (LIV-05). */
export interface Change {
  id: string;
  merchant_id: string;
  batch_id: string | null;
  row: number | null;
  reference: string | null;
  amount: string;
  amount_minor: number;
  currency: string;
  version: number;
  status: Payout["status"];
  reason: string | null;
  attempt_count: number;
  failure_code: string | null;
  failure_reason: string | null;
  bank_reference_id: string | null;
  updated_at: string;
}

interface About {
  channel: string;
  cursor: string;
}

export type Message =
  | { type: "hello"; v: number; time: string; limits: { heartbeat_seconds?: number } }
  | ({ type: "subscribed"; resumed: boolean } & About)
  | ({ type: "snapshot" } & About)
  | ({ type: "changes"; changes: Change[] } & About)
  | ({ type: "batch"; batch: Batch } & About)
  | ({ type: "balance"; balance: Schemas["Balance"] } & About)
  | { type: "gap"; channel?: string; cursor?: string; dropped?: number }
  | { type: "reset"; channel: string; cursor?: string; reason?: string }
  | { type: "error"; channel: string | null; code: string; detail: string }
  | { type: "heartbeat"; time: string; lag_ms: number; position?: Record<string, number> }
  | { type: "pong"; time: string; lag_ms?: number }
  | ({ type: "bookmark" } & About)
  | { type: "bye"; reason?: string; retry_after_ms?: number }
  | { type: "unsubscribed"; channel: string };

/** A message, or null for what is none: a future type comes through and is left alone by whoever reads it. */
export function parse(text: string): Message | null {
  try {
    const value: unknown = JSON.parse(text);
    const told = typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
    return told ? (value as Message) : null;
  } catch {
    return null;
  }
}

/** Whether `next` is at or before `last` on the log, so that what it brings is a repeat. Of other partitions or no cursors: no. */
export function isRepeat(next: string, last: string): boolean {
  const [now, then] = [placesOf(next), placesOf(last)];
  return now.size > 0 && [...now].every(([partition, place]) => notBehind(place, then.get(partition)));
}

type Place = [offset: number, index: number];

function notBehind(place: Place, last: Place | undefined): boolean {
  return last !== undefined && (place[0] === last[0] ? place[1] <= last[1] : place[0] < last[0]);
}

/** `3:26:50`, `3:26:50@demo` or `0:12:0,1:7:3@*`: a place for each partition. */
function placesOf(cursor: string): Map<string, Place> {
  const found = [...cursor.matchAll(/(\d+):(\d+):(\d+)/g)];
  return new Map(found.map(([, partition = "", offset, index]) => [partition, [Number(offset), Number(index)]]));
}
