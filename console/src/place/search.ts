// What of a page's state lives in its address (CON-21): read leniently, since links are old, typed by hand or of another version.
// Owns the checks. Must not know pages.

export type Search = Record<string, unknown>;

export function text(search: Search, name: string): string | undefined {
  const value = search[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function oneOf<T extends string>(search: Search, name: string, known: readonly T[]): T | undefined {
  const value = search[name];
  return known.find((word) => word === value);
}

/** An address as it is written: every value is text, so that 100.50 stays 100.50. */
export function parseSearch(written: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(written));
}

export function writeSearch(search: Search): string {
  const pairs = Object.entries(search).filter(
    (pair): pair is [string, string] => typeof pair[1] === "string" && pair[1] !== "",
  );
  return pairs.length ? `?${new URLSearchParams(pairs).toString()}` : "";
}

/** The members that are there, so that an address holds only what was chosen. */
export function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
