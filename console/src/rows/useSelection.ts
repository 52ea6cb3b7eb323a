// Which rows are selected (CON-10, CON-21): kept in the address as far as it holds them, so that a link shows the same. Owns the form there.
// Must not know rows.
import { useNavigate, useSearch } from "@tanstack/react-router";

/** An address of 2,000 characters is safe everywhere: so many ids fit. */
export const SELECTED_MAX = 40;

export interface Selection {
  ids: ReadonlySet<string>;
  toggle(id: string): void;
  clear(): void;
  isFull: boolean;
}

export function useSelection(): Selection {
  const search: { sel?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const ids = new Set((search.sel ?? "").split(".").filter(Boolean));
  const put = (next: Set<string>) =>
    void navigate({
      to: ".",
      search: (old: Record<string, unknown>) => ({ ...old, sel: next.size ? [...next].join(".") : undefined }),
      replace: true,
      resetScroll: false,
    });
  return {
    ids,
    isFull: ids.size >= SELECTED_MAX,
    toggle: (id) => {
      if (ids.has(id)) ids.delete(id);
      else if (ids.size < SELECTED_MAX) ids.add(id);
      put(ids);
    },
    clear: () => put(new Set()),
  };
}
