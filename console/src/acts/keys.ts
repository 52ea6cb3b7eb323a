// The idempotency keys of acts (CON-13): an act that was asked for and not answered keeps its key in this tab. The reason is a part of what
// is asked, so another reason is another request. Owns them. Must not send.
const keys = new Map<string, string>();

export function keyOfAct(...place: string[]): string {
  const name = place.join(" ");
  const key = keys.get(name) ?? crypto.randomUUID();
  keys.set(name, key);
  return key;
}

/** It has its answer: the same act asked for once more is another request, and not told the answer of before. */
export function answeredAct(key: string): void {
  for (const [name, kept] of keys) if (kept === key) keys.delete(name);
}
