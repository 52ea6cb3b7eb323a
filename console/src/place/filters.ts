// The filters of payouts that an address can hold: the API's own names (CON-21). Owns the list. Must not check values.
import { given, text, type Search } from "~/place/search";

export const FILTERS = [
  "status",
  "currency",
  "reference",
  "provider",
  "reason",
  "min_amount",
  "max_amount",
  "created_after",
  "created_before",
] as const;
export type FilterSearch = Partial<Record<(typeof FILTERS)[number], string>>;

export function filtersOf(search: Search): FilterSearch {
  return given(Object.fromEntries(FILTERS.map((name) => [name, text(search, name)]))) as FilterSearch;
}
