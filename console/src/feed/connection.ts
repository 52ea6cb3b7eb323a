// How the line to the server stands, in words for the header (CON-04). Owns the states and their names. Must not open anything.

export type Connection =
  | { kind: "idle" }
  | { kind: "connecting"; attempt: number }
  | { kind: "live"; since: number }
  | { kind: "waiting"; attempt: number; nextTryAt: number; why: string }
  | { kind: "given_up"; why: string }
  | { kind: "offline" }
  | { kind: "signed_out" }
  | { kind: "refused"; why: string };

/** Close codes after which trying again cannot help. */
export function endOf(code: number, reason: string): Connection | null {
  if (code === 4401) return { kind: "signed_out" };
  if (code === 4002) return { kind: "refused", why: reason || "the server took our message for a bad one" };
  return null;
}

/** Why a line ended, in words. */
export function reasonOf(code: number, reason: string): string {
  const known: Record<number, string> = {
    4008: "this page read too slowly",
    4001: "the subscription came too late",
    1001: "the server is restarting",
    1012: "the server is restarting",
    1013: "the server is busy",
  };
  return reason || known[code] || "the line was cut";
}
