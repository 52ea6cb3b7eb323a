// Read your writes: the last log position that each merchant's writes were answered with (Payflow-Position).
// Owns what is sent with the next reads. Must not send anything.

const KEPT_MS = 30_000;

interface Kept {
  position: string;
  at: number;
}

const kept = new Map<string, Kept>();

/** Remember where a write stands. */
export function wroteAt(merchant: string, position: string | null, now = Date.now()): void {
  if (position) kept.set(merchant, { position, at: now });
}

/** What to send with a read; nothing once the views have had time to pass it. */
export function positionFor(merchant: string, now = Date.now()): string | undefined {
  const found = kept.get(merchant);
  return found && now - found.at < KEPT_MS ? found.position : undefined;
}

/** A read that was not behind has passed it: no later read has to wait. */
export function passed(merchant: string, position: string): void {
  if (kept.get(merchant)?.position === position) kept.delete(merchant);
}
