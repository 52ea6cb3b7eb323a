// The live stream of changes (CON-02, CON-03): at most 50 rows shown, the oldest dropped and counted, held back while paused.
// Owns what is shown, held and counted, and when it is drawn: what a person does at once, what the feed tells at the pace of drawing.
// Must not know React or the feed's line.
import type { Change } from "~/feed/messages";
import { DRAW_EVERY_MS, throttle } from "~/live/pace";

export const SHOWN_MAX = 50;

export interface StreamState {
  shown: readonly Change[];
  /** Changes that came while paused. */
  missed: number;
  dropped: number;
  paused: boolean;
  /** Changes that the server left out, by its own word. */
  leftOut: number;
  /** Whether it left out more without saying how many. */
  leftOutSome: boolean;
}

export class Stream {
  private shown: Change[] = [];
  private held: Change[] = [];
  private missed = 0;
  private dropped = 0;
  private leftOut = 0;
  private leftOutSome = false;
  private paused = false;
  private readonly wants: (change: Change) => boolean;
  private readonly listeners = new Set<() => void>();
  private readonly soon = throttle(() => this.tell(), DRAW_EVERY_MS);
  private told = this.state();

  constructor(wants: (change: Change) => boolean) {
    this.wants = wants;
  }

  /** As it is. */
  state(): StreamState {
    const { shown, missed, dropped, paused, leftOut, leftOutSome } = this;
    return { shown, missed, dropped, paused, leftOut, leftOutSome };
  }

  /** As listeners were told it last: the very same until they are told again. */
  drawn = (): StreamState => this.told;

  /** Be told when it should be drawn anew; the answer ends it. */
  listen = (listener: () => void): (() => void) => {
    if (this.listeners.size === 0) this.told = this.state();
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.soon.cancel();
    };
  };

  take(changes: readonly Change[]): void {
    const wanted = changes.filter((change) => (this.wants(change) || this.isListed(change)) && !this.isKnown(change));
    if (wanted.length === 0) return;
    if (this.paused) {
      this.missed += wanted.length;
      this.held = merged(this.held, wanted).rows;
    } else this.show(wanted);
    this.soon.wish();
  }

  /** The server left out changes: so many, or null where it does not say. */
  gap(dropped: number | null): void {
    this.leftOut += dropped ?? 0;
    this.leftOutSome ||= dropped === null;
    this.soon.wish();
  }

  pause(): void {
    this.paused = true;
    this.tell();
  }

  /** Show what came meanwhile: nothing that was told is lost, what does not fit is counted as dropped. */
  resume(): void {
    this.paused = false;
    const [held, missed] = [this.held, this.missed];
    this.held = [];
    this.missed = 0;
    this.dropped += missed - held.length;
    this.show(held.toReversed());
    this.tell();
  }

  private tell(): void {
    this.told = this.state();
    for (const listener of this.listeners) listener();
  }

  private show(changes: readonly Change[]): void {
    const { rows, dropped } = merged(this.shown, changes);
    this.shown = rows;
    this.dropped += dropped;
  }

  /** What is read again has mostly been told before: that is nothing missed. */
  private isKnown(change: Change): boolean {
    return [...this.shown, ...this.held].some((row) => row.id === change.id && row.version >= change.version);
  }

  private isListed(change: Change): boolean {
    return this.shown.some((row) => row.id === change.id);
  }
}

/** Newest first, one place a payout: a change to a listed row updates it where it stands. `dropped`: rows that fell off the end. */
function merged(rows: readonly Change[], changes: readonly Change[]): { rows: Change[]; dropped: number } {
  const next = [...rows];
  for (const change of changes) {
    const at = next.findIndex((row) => row.id === change.id);
    if (at < 0) next.unshift(change);
    else if ((next[at]?.version ?? 0) < change.version) next[at] = change;
  }
  return { rows: next.slice(0, SHOWN_MAX), dropped: Math.max(0, next.length - SHOWN_MAX) };
}
