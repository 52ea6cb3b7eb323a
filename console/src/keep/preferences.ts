// What a reader has chosen: theme, zone, single keys, start view, merchant's zone. Owns their names and defaults; kept in this browser.
// Must not know where they are shown.
import { useSyncExternalStore } from "react";
import { Cell } from "~/keep/cell";
import { keep, recall } from "~/keep/storage";
import type { ZoneChoice } from "~/time/zone";

export interface Preferences {
  theme: "system" | "light" | "dark";
  zone: ZoneChoice;
  singleKeys: boolean;
  start: "overview" | "finance" | "operations" | "incidents";
  merchant: string | null;
  merchantZones: Record<string, string>;
}

const DEFAULTS: Preferences = {
  theme: "system",
  zone: "utc",
  singleKeys: true,
  start: "overview",
  merchant: null,
  merchantZones: {},
};

function isPart(value: unknown): value is Partial<Preferences> {
  return typeof value === "object" && value !== null;
}

const cell = new Cell<Preferences>({ ...DEFAULTS, ...recall("local", "preferences", isPart) });

export function preferences(): Preferences {
  return cell.get();
}

export function prefer(change: Partial<Preferences>): void {
  cell.set({ ...cell.get(), ...change });
  keep("local", "preferences", cell.get());
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(cell.listen, cell.get);
}
