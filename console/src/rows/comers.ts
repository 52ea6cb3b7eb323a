// Those that came into a list since it was read and are not shown: they wait behind "N new" (CON-10). Owns what a change tells of that.
// Must not decide what a list holds: the server does when it is read.
import type { PayoutFilter } from "~/api/reads";
import type { Change } from "~/feed/messages";

export const COUNTED_MAX = 9_999;
const NEEDS = new Set<string>(["requires_action", "failed", "returned"]);

/** False only where the change itself says that the filters do not want it. */
export function mayFit(filter: PayoutFilter, change: Change): boolean {
  const told: [string | undefined, string | null][] = [
    [filter.status, change.status],
    [filter.reason, change.reason],
    [filter.currency, change.currency],
  ];
  if (filter.attention && !needsSomebody(change)) return false;
  return told.every(([wanted, is]) => !wanted || wordsOf(wanted).includes((is ?? "").toLowerCase()));
}

/** Whether the levels that are listed as needing somebody can be this payout's: the server says which one it is. */
function needsSomebody(change: Change): boolean {
  return NEEDS.has(change.status) || change.reason === "funds";
}

/** Whether a payout comes into such a list as it moves on, and not only when it is made. */
export function isEntered(filter: PayoutFilter): boolean {
  return Boolean(filter.status ?? filter.reason ?? filter.attention);
}

/** How many of them are not shown: some may have come with a page that was read meanwhile. */
export function unseen(ids: ReadonlySet<string>, isShown: (id: string) => boolean): number {
  return [...ids].filter((id) => !isShown(id)).length;
}

/** Those who wait, after changes of payouts that are not shown; the very same where nothing came or went. */
export function waiting(
  known: ReadonlySet<string>,
  changes: readonly Change[],
  comes: (change: Change) => boolean,
): ReadonlySet<string> {
  const [come, gone] = [changes.filter(comes), changes.filter((change) => !comes(change) && known.has(change.id))];
  const isSame = gone.length === 0 && come.every(({ id }) => known.has(id));
  if (isSame) return known;
  const next = new Set(known);
  for (const { id } of gone) next.delete(id);
  for (const { id } of come) if (next.size < COUNTED_MAX) next.add(id);
  return next.size === known.size && gone.length === 0 ? known : next;
}

function wordsOf(list: string): string[] {
  return list.split(",").map((word) => word.trim().toLowerCase());
}
