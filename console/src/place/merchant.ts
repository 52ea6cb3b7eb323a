// Whose money is looked at: one merchant at a time, named in the address (CON-12, CON-21). Owns where it stands. Must not fetch.
import { useSearch } from "@tanstack/react-router";

/** The merchant of this page; "" until one is chosen, which no page is drawn with. */
export function useMerchant(): string {
  const search: { m?: string } = useSearch({ strict: false });
  return search.m ?? "";
}

export function isMerchantId(text: unknown): text is string {
  return typeof text === "string" && /^[a-z0-9][a-z0-9_-]{0,63}$/.test(text);
}
