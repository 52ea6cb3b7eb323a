// When to try again (CON-04): 1 s to 30 s, jittered, ten times, then a person decides.
// Owns the numbers. Must not know timers.

export const FIRST_MS = 1_000;
export const LONGEST_MS = 30_000;
export const TRIES = 10;

/** How long to wait before try `attempt` (1 to TRIES); `random` is in [0, 1). Never below 1 s nor above 30 s. */
export function waitBefore(attempt: number, random: () => number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return Math.round(FIRST_MS + (ceiling - FIRST_MS) * random());
}
