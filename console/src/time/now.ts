// The present, once a second for whole page parts, and the reader's zone. Owns the ticking. Must not format.
import { useSyncExternalStore } from "react";
import { usePreferences } from "~/keep/preferences";
import { useMerchant } from "~/place/merchant";
import { zoneName } from "~/time/zone";

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;

function listen(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === null) {
    now = Date.now();
    timer = setInterval(tick, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}

function tick(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}

/** Now, in ms, to the second: whoever uses it is drawn anew each second. */
export function useNow(): number {
  return useSyncExternalStore(listen, () => now);
}

/** The IANA name of the zone that times are shown in. */
export function useZone(): string {
  const { zone, merchantZones } = usePreferences();
  const merchant = useMerchant();
  return zoneName(zone, merchantZones[merchant] ?? null);
}
