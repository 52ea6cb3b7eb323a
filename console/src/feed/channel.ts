// One channel that is followed: its cursor, and that a change is told once (LIV-06).
// Owns the sequence. Must not know sockets: it is given messages and says what to send.
import { isRepeat, type Change, type Message } from "~/feed/messages";
import type { Batch, Schemas } from "~/api/typed";

/** What a follower of a channel is told. Everything is optional: a page listens to what it shows. */
export interface Follower {
  /** From here on every change is told: read the state now. Again after a reset. */
  joined?(): void;
  changes?(changes: Change[]): void;
  batch?(batch: Batch): void;
  balance?(balance: Schemas["Balance"]): void;
  /** The server left out messages: read again by REST. `dropped` is null when it did not say how many. */
  gap?(dropped: number | null): void;
  /** The cursor was no longer good: forget everything, a fresh snapshot follows. */
  reset?(): void;
  /** The channel is not followed: the server's code and words. */
  refused?(code: string, detail: string): void;
}

/** Codes by which a cursor is of no use any more: begin again without it. */
const USELESS = new Set(["cursor_invalid", "cursor_foreign", "cursor_from_future", "cursor_too_old", "cursor_expired"]);

/** Codes by which nobody can answer now. */
const AWAY = new Set(["view_unavailable", "identity_unavailable"]);

export class Channel {
  readonly name: string;
  readonly followers = new Set<Follower>();
  cursor: string | null = null;
  /** Changes that came a second time and were left out. */
  repeats = 0;
  state: "asked" | "followed" | "refused" = "asked";

  constructor(name: string) {
    this.name = name;
  }

  /** One more follower; it is told at once if the channel runs already. */
  add(follower: Follower): void {
    this.followers.add(follower);
    if (this.cursor !== null) follower.joined?.();
  }

  /** What to send to follow, from where it was left if it was followed before. */
  subscription(): object {
    this.state = "asked";
    const base = { type: "subscribe", channel: this.name };
    return this.cursor === null ? { ...base, rows: false } : { ...base, resume: this.cursor };
  }

  /** Take a message of this channel. "again": subscribe anew now; "later": in a moment. */
  take(message: Message): "again" | "later" | undefined {
    switch (message.type) {
      case "subscribed":
        this.state = "followed"; // the cursor is kept from the snapshot on: cut before it, the state would be missed
        return;
      case "snapshot":
        this.cursor = message.cursor;
        this.each((follower) => follower.joined?.());
        return;
      case "changes":
        if (this.moves(message.cursor)) this.each((follower) => follower.changes?.(message.changes));
        else this.repeats += message.changes.length;
        return;
      case "bookmark":
        this.moves(message.cursor);
        return;
      case "batch":
        this.each((follower) => follower.batch?.(message.batch));
        return;
      case "balance":
        this.each((follower) => follower.balance?.(message.balance));
        return;
      case "gap":
        if (message.cursor) this.moves(message.cursor);
        this.each((follower) => follower.gap?.(message.dropped ?? null));
        return;
      case "reset":
        this.forget();
        return;
      case "error":
        return this.refuse(message.code, message.detail);
      default:
        return;
    }
  }

  /** Start over: what was told before counts no more. */
  forget(): void {
    this.cursor = null;
    this.each((follower) => follower.reset?.());
  }

  private each(tell: (follower: Follower) => void): void {
    for (const follower of [...this.followers]) tell(follower);
  }

  private refuse(code: string, detail: string): "again" | "later" | undefined {
    if (USELESS.has(code) && this.cursor !== null) {
      this.forget();
      return "again";
    }
    if (AWAY.has(code)) return "later";
    if (code === "already_subscribed") return undefined;
    this.state = "refused";
    this.each((follower) => follower.refused?.(code, detail));
    return undefined;
  }

  /** Whether this cursor is behind the last one; the last one moves there. */
  private moves(cursor: string): boolean {
    if (this.cursor !== null && isRepeat(cursor, this.cursor)) return false;
    this.cursor = cursor;
    return true;
  }
}
