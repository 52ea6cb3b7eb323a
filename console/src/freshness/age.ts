// How old a panel's data is, in words (CON-15): fresh under 5 s, stale under 30 s, then critical.
// Owns the limits and words. Must not know panels or clocks.

export type Freshness = "fresh" | "stale" | "critical" | "unknown";

export const FRESH_MS = 5_000;
export const STALE_MS = 30_000;

/** What an age (ms) means; null for nothing known. */
export function freshnessOf(ageMs: number | null): Freshness {
  if (ageMs === null) return "unknown";
  if (ageMs < FRESH_MS) return "fresh";
  return ageMs < STALE_MS ? "stale" : "critical";
}

/** `fresh`, `stale, 12 s old`, `critical, 3 min old`: never colour alone. */
export function ageInWords(ageMs: number | null): string {
  const state = freshnessOf(ageMs);
  if (ageMs === null || state === "fresh") return state === "unknown" ? "age unknown" : "fresh";
  const seconds = Math.floor(ageMs / 1000);
  const age =
    seconds < 120
      ? `${String(seconds)} s`
      : seconds < 7200
        ? `${String(Math.floor(seconds / 60))} min`
        : `${String(Math.floor(seconds / 3600))} h`;
  return `${state}, ${age} old`;
}

/** Why an act that needs fresh data has to wait, or null if it may go on. */
export function waitReason(ageMs: number | null): string | null {
  if (freshnessOf(ageMs) === "fresh") return null;
  return `This needs data under 5 s old; what is shown is ${ageInWords(ageMs)}. Refresh first.`;
}
