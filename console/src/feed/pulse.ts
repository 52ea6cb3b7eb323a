// Whether the line is alive and how old what it tells can be (CON-15): asks every few seconds, notices silence, knows the views' lag.
// Owns "as of" of the feed. Must not know channels.
import type { Message } from "~/feed/messages";

/** Fresh means under 5 s: asking every 4 s keeps a healthy line fresh. */
export const PING_MS = 4_000;
/** A line on which nothing was heard for this long is dead, whatever the browser says. */
export const SILENCE_MS = 12_000;

interface Clockwork {
  now(): number;
  after(ms: number, act: () => void): () => void;
}

export class Pulse {
  private heardAt: number | null = null;
  private lagMs: number | null = null;
  private cancel: (() => void) | null = null;
  private readonly world: Clockwork;
  private readonly acts: { ping(): void; silent(): void };

  constructor(world: Clockwork, acts: { ping(): void; silent(): void }) {
    this.world = world;
    this.acts = acts;
  }

  /** When the last word of the server came (ms), less how far the views were behind; null while nothing was heard. */
  get asOf(): number | null {
    return this.heardAt === null ? null : this.heardAt - (this.lagMs ?? 0);
  }

  /** How far the views were behind the log at the last heartbeat; null before the first. */
  get lag(): number | null {
    return this.lagMs;
  }

  start(): void {
    this.stop();
    this.cancel = this.world.after(PING_MS, () => this.beat());
  }

  stop(): void {
    this.cancel?.();
    this.cancel = null;
  }

  heard(message: Message): void {
    this.heardAt = this.world.now();
    if (message.type === "heartbeat") this.lagMs = message.lag_ms;
  }

  private beat(): void {
    if (this.heardAt !== null && this.world.now() - this.heardAt >= SILENCE_MS) return this.acts.silent();
    this.acts.ping();
    this.start();
  }
}
