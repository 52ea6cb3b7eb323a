// One polite, throttled announcement of live changes for screen readers (CON-23): never one per row. Owns the throttle. Must not draw.
import { useEffect, useState } from "react";
import { Cell } from "~/keep/cell";
import { count } from "~/money/amount";

const EVERY_MS = 5_000;
const changes = new Cell(0);

/** So many rows changed just now; told together with others. */
export function announceChanges(number: number): void {
  changes.set(changes.get() + number);
}

export function Announcer() {
  const [words, setWords] = useState("");
  useEffect(() => gathered((number) => setWords((before) => spoken(number, before))), []);
  return (
    <p className="hidden" role="status" aria-live="polite">
      {words}
    </p>
  );
}

/** What is said: never twice the same text, which would not be said again. */
export function spoken(number: number, before: string): string {
  const words = `${count(number)} ${number === 1 ? "change" : "changes"}`;
  return words === before ? `${words} more` : words;
}

/** Tell how many changes came, some seconds after the first of them; the answer ends it. Nothing is drawn in between. */
export function gathered(tell: (number: number) => void): () => void {
  let told = changes.get();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const speak = () => {
    timer = null;
    tell(changes.get() - told);
    told = changes.get();
  };
  const unlisten = changes.listen(() => (timer ??= setTimeout(speak, EVERY_MS)));
  return () => {
    unlisten();
    if (timer !== null) clearTimeout(timer);
  };
}
