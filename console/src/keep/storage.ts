// Small things that are kept in this browser: preferences (for good) and what belongs to this tab (until it closes).
// Owns that a full or forbidden storage breaks nothing. Must not keep rows, payees or secrets in local storage.

type Place = "local" | "session";

function place(of: Place): Storage | null {
  try {
    return of === "local" ? globalThis.localStorage : globalThis.sessionStorage;
  } catch {
    return null;
  }
}

/** What was kept under a name if it passes the check. */
export function recall<T>(of: Place, name: string, check: (value: unknown) => value is T): T | null {
  try {
    const value: unknown = JSON.parse(place(of)?.getItem(`payflow.${name}`) ?? "null");
    return check(value) ? value : null;
  } catch {
    return null;
  }
}

export function keep(of: Place, name: string, value: unknown): void {
  try {
    if (value === null) place(of)?.removeItem(`payflow.${name}`);
    else place(of)?.setItem(`payflow.${name}`, JSON.stringify(value));
  } catch {
    // kept in memory only, by whoever holds the value
  }
}

/** Forget what is kept under names with this beginning. */
export function forgetAll(of: Place, beginning: string): void {
  const store = place(of);
  if (!store) return;
  const names = Array.from({ length: store.length }, (_, i) => store.key(i));
  for (const name of names) if (name?.startsWith(`payflow.${beginning}`)) store.removeItem(name);
}

export function isText(value: unknown): value is string {
  return typeof value === "string";
}
