// Whether the line is alive and how old what it tells can be (CON-15): asks every few seconds, notices silence, knows the views' lag.
// Owns "as of" of the feed. Must not know channels.
import type { Message } from "~/feed/messages";

/** Fresh means under 5 s: asking every 3 s keeps a healthy line fresh, where the views are about a second behind. */
export const PING_MS = 3_000;
/** A line on which nothing was heard for this long is dead, whatever the browser says. */
export const SILENCE_MS = 12_000;

interface Clockwork {
  now(): number;
  after(ms: number, act: () => void): () => void;
}

export class Pulse {
  private heardAt: number | null = null;
  /** When the server last said how old the views are. */
  private toldAt: number | null = null;
  private lagMs: number | null = null;
  private asked = 0;
  private answered = 0;
  private cancel: (() => void) | null = null;
  private readonly world: Clockwork;
  private readonly acts: { ping(): void; silent(): void };

  constructor(world: Clockwork, acts: { ping(): void; silent(): void }) {
    this.world = world;
    this.acts = acts;
  }

  /**
   * When the server last said how old the views are (ms), less that; null before. Any other word proves that the line lives, and nothing of the
   * views: they may have stood still since.
   */
  get asOf(): number | null {
    return this.toldAt === null ? null : this.toldAt - (this.lagMs ?? 0);
  }

  /** How far the views were behind the log when the server last said so; null before the first. */
  get lag(): number | null {
    return this.lagMs;
  }

  /** From now on it is another line. */
  begin(): void {
    this.asked = this.answered = 0;
    this.start();
  }

  /** Ask now; what is returned is answered once the server has done all that was asked before: it does one thing after another. */
  ask(): number {
    this.acts.ping();
    return (this.asked += 1);
  }

  hasAnswered(question: number): boolean {
    return this.answered >= question;
  }

  private start(): void {
    this.stop();
    this.cancel = this.world.after(PING_MS, () => this.beat());
  }

  stop(): void {
    this.cancel?.();
    this.cancel = null;
  }

  heard(message: Message): void {
    this.heardAt = this.world.now();
    if (message.type === "pong") this.answered += 1;
    if ((message.type !== "heartbeat" && message.type !== "pong") || typeof message.lag_ms !== "number") return;
    this.lagMs = message.lag_ms;
    this.toldAt = this.heardAt;
  }

  private beat(): void {
    if (this.heardAt !== null && this.world.now() - this.heardAt >= SILENCE_MS) return this.acts.silent();
    this.ask();
    this.start();
  }
}
