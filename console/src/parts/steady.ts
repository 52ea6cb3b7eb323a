// A function that stays the same while what it does moves on: rows that hold it need not be drawn again (for events; not while drawing).
// Owns that. Must not know what is done.
import { useCallback, useLayoutEffect, useRef } from "react";

/** The same function for every drawing, doing what the latest one says. */
export function useSteady<A extends unknown[]>(act: (...args: A) => void): (...args: A) => void {
  const latest = useRef(act);
  useLayoutEffect(() => {
    latest.current = act;
  });
  return useCallback((...args: A) => latest.current(...args), []);
}
