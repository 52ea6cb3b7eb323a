// Saved views (CON-21): a name for an address, kept in this browser. An address is whole in itself, so a view is shared by its link.
// Owns the list. Must not know what an address means.
import { useSyncExternalStore } from "react";
import { Cell } from "~/keep/cell";
import { keep, recall } from "~/keep/storage";

export interface View {
  name: string;
  href: string;
}

function isViews(value: unknown): value is View[] {
  return (
    Array.isArray(value) &&
    value.every((view: Partial<View> | null) => typeof view?.name === "string" && view.href?.startsWith("/"))
  );
}

const cell = new Cell<View[]>(recall("local", "views", isViews) ?? []);

export function useViews(): View[] {
  return useSyncExternalStore(cell.listen, cell.get);
}

/** Keep an address under a name; the same name again moves it. */
export function saveView(view: View): void {
  store([...cell.get().filter((other) => other.name !== view.name), view]);
}

export function dropView(name: string): void {
  store(cell.get().filter((view) => view.name !== name));
}

function store(views: View[]): void {
  cell.set(views);
  keep("local", "views", views);
}
