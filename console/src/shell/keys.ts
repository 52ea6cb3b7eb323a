// The keyboard map (CON-22): `/` search, `j` `k` move, `Enter` open, `x` select, `g` then a letter to go, `?` help, Ctrl+K commands; Ctrl+Shift+D chaos.
// Owns the one listener and which keys mean what. Single keys can be switched off; while typing and in dialogs they mean letters.
import { useEffect, useEffectEvent } from "react";
import { preferences } from "~/keep/preferences";

export type KeyName = "/" | "j" | "k" | "Enter" | "x" | "?" | "mod+k" | "mod+shift+d" | `g ${string}`;
type Act = () => unknown;

const acts = new Map<KeyName, Act[]>();
const SEQUENCE_MS = 1_200;
let pendingUntil = 0;

/** Take a key while the answer is not called; the latest taker comes first and passes on by returning false. */
export function takeKey(name: KeyName, act: Act): () => void {
  acts.set(name, [act, ...(acts.get(name) ?? [])]);
  return () =>
    acts.set(
      name,
      (acts.get(name) ?? []).filter((other) => other !== act),
    );
}

export function useKey(name: KeyName, act: Act): void {
  const current = useEffectEvent(act);
  useEffect(() => takeKey(name, () => current()), [name]);
}

/** The name of a key press, or null if it is none of ours now. `g` waits for its letter. */
export function nameOf(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey"> & { shiftKey?: boolean },
  now: number,
  typing: boolean,
): KeyName | "g" | null {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") return "mod+k";
  if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "d") return "mod+shift+d";
  if (event.ctrlKey || event.metaKey || event.altKey || typing || !preferences().singleKeys) return null;
  if (now < pendingUntil && event.key.length === 1) return `g ${event.key}`;
  return (["/", "j", "k", "Enter", "x", "?", "g"] as const).find((key) => key === event.key) ?? null;
}

function isTyping(target: EventTarget | null): boolean {
  const element = target instanceof HTMLElement ? target : null;
  return Boolean(element?.closest("input, textarea, select, [contenteditable], [role=dialog]"));
}

/** Enter on a button or link is that button's. */
function isOwnEnter(event: KeyboardEvent): boolean {
  return event.key === "Enter" && event.target instanceof HTMLElement && Boolean(event.target.closest("button, a, summary"));
}

export function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || isOwnEnter(event)) return;
  const name = nameOf(event, Date.now(), isTyping(event.target));
  pendingUntil = name === "g" ? Date.now() + SEQUENCE_MS : 0;
  if (name === null || name === "g") return;
  if ((acts.get(name) ?? []).some((act) => act() !== false)) event.preventDefault();
}

/** What the help shows; the letters behind `g` come from the pages' list. */
export const HELP: [string, string][] = [
  ["/", "search"],
  ["j  k", "next and previous row"],
  ["Enter", "open the row"],
  ["x", "select the row"],
  ["g + letter", "go to a page"],
  ["?", "this help"],
  ["Ctrl+K", "commands"],
  ["Ctrl+Shift+D", "chaos, in development"],
];
