// How often something is done that is wished for again and again: at once, then at most every so many ms, the last wish never left out.
// Owns the timer and the pace of drawing. Must not know what is done.

/** What the feed tells is taken at once and drawn at once, then at most this often: a thousand changes a second are ten drawings. */
export const DRAW_EVERY_MS = 100;

export interface Throttle {
  wish(): void;
  cancel(): void;
}

/** Run `act` now, and then at most once per so many ms, never leaving the last wish out. */
export function throttle(act: () => void, everyMs: number | (() => number)): Throttle {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let wished = false;
  const open = () => {
    timer = null;
    if (wished) run();
  };
  const run = () => {
    wished = false;
    timer = setTimeout(open, typeof everyMs === "number" ? everyMs : everyMs());
    act();
  };
  return {
    wish: () => (timer === null ? run() : void (wished = true)),
    cancel: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      wished = false;
    },
  };
}
