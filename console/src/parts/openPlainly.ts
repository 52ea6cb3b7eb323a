// A link in a long list that moves: a plain click opens inside the console. Owns which clicks are plain. Must not know where it leads.
import type { MouseEvent } from "react";

/** With a modifier, or another button, the browser does what it always does. */
export function openPlainly(event: MouseEvent, open: () => void): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  open();
}
