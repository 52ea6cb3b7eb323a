// A seeded network for tests of the feed client: time, chance, a server with a log, and lines that break in the middle.
// Owns the made-up world. Must not know what the tests assert; the server's side follows docs/feed.md.
import type { Line, World } from "~/feed/client";

/** A small generator with a seed (mulberry32), in [0, 1). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Time that only moves when it is told to. */
export class Time {
  now = 0;
  private due: { at: number; order: number; act: () => void }[] = [];
  private order = 0;

  after(ms: number, act: () => void): () => void {
    const entry = { at: this.now + ms, order: (this.order += 1), act };
    this.due.push(entry);
    return () => (this.due = this.due.filter((other) => other !== entry));
  }

  /** Move on, running what falls due in order; promises settle in between. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await settle();
      const next = this.due.filter((entry) => entry.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!next) break;
      this.due = this.due.filter((entry) => entry !== next);
      this.now = Math.max(this.now, next.at);
      next.act();
    }
    this.now = end;
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
}

/** The server: a log of changes of one channel, told from a cursor on. `partition` 3, one change an offset. */
export class Server {
  readonly lines: ServerLine[] = [];
  log: number[] = [];
  accepts = true;
  answersPings = true;
  lagMs = 500;
  /** While this is not so, what a resuming line missed is being read: nothing that was asked behind its subscription is answered. */
  catchesUp = true;
  /** The least offset that a resume may name. */
  oldest = 0;

  /** What was missed has been read. */
  catchUp(): void {
    this.catchesUp = true;
    for (const line of this.lines) if (line.open) line.answer();
  }

  add(value: number): void {
    this.log.push(value);
    for (const line of this.lines) if (line.open && line.from !== null) line.catchUp();
  }
}

export class ServerLine implements Line {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  open = true;
  from: number | null = null;
  readonly said: Record<string, unknown>[] = [];
  private readonly waiting: Record<string, unknown>[] = [];
  private readonly server: Server;
  private readonly time: Time;
  /** Delay of each message on its way. */
  private readonly delay: () => number;
  private lastArrival = 0;

  constructor(server: Server, time: Time, delay: () => number) {
    this.server = server;
    this.time = time;
    this.delay = delay;
    server.lines.push(this);
    this.tell({ type: "hello", v: 1, time: "", limits: { heartbeat_seconds: 15 } });
  }

  send(text: string): void {
    if (!this.open) return;
    const message = JSON.parse(text) as Record<string, unknown>;
    this.said.push(message);
    this.waiting.push(message);
    this.answer();
  }

  /** One message after another: what is asked behind a subscription is answered when that one is caught up. */
  answer(): void {
    this.catchUp();
    while (this.waiting.length > 0 && !this.isBehind) {
      const message = this.waiting.shift() ?? {};
      if (message["type"] === "ping" && this.server.answersPings)
        this.tell({ type: "pong", time: "", lag_ms: this.server.lagMs });
      if (message["type"] === "subscribe")
        this.subscribe(String(message["channel"]), message["resume"] as string | undefined);
    }
  }

  close(): void {
    this.open = false;
  }

  /** The line breaks: what is on its way is lost. */
  cut(code = 1006, reason = ""): void {
    if (!this.open) return;
    this.open = false;
    this.onclose?.({ code, reason });
  }

  tell(message: object): void {
    this.lastArrival = Math.max(this.lastArrival, this.time.now + this.delay());
    this.time.after(
      this.lastArrival - this.time.now,
      () => this.open && this.onmessage?.({ data: JSON.stringify(message) }),
    );
  }

  private get isBehind(): boolean {
    return !this.server.catchesUp && this.from !== null && this.from < this.server.log.length;
  }

  catchUp(): void {
    while (!this.isBehind && this.from !== null && this.from < this.server.log.length) {
      const value = this.server.log[this.from];
      this.from += 1;
      this.tell({
        type: "changes",
        channel: "c",
        cursor: `3:${String(this.from)}:0`,
        changes: [{ id: String(value), version: value }],
      });
    }
  }

  private subscribe(channel: string, resume: string | undefined): void {
    const from = resume === undefined ? this.server.log.length : Number(resume.split(":")[1]);
    if (from > this.server.log.length)
      return this.tell({ type: "error", channel, code: "cursor_from_future", detail: "ahead" });
    if (from < this.server.oldest) return this.resetTo(channel);
    this.from = from;
    this.tell({ type: "subscribed", channel, cursor: `3:${String(from)}:0`, resumed: resume !== undefined });
    if (resume === undefined) this.snapshot(channel);
    this.catchUp();
  }

  private resetTo(channel: string): void {
    this.tell({ type: "reset", channel });
    this.from = this.server.log.length;
    this.snapshot(channel);
  }

  private snapshot(channel: string): void {
    this.tell({ type: "snapshot", channel, cursor: `3:${String(this.from)}:0`, rows: [] });
  }
}

/** The world of a client under this server and seed. */
export function worldOf(server: Server, time: Time, random: () => number): World {
  return {
    now: () => time.now,
    after: (ms, act) => time.after(ms, act),
    random,
    open: () => {
      if (!server.accepts) return Promise.reject(new Error("refused"));
      return Promise.resolve(new ServerLine(server, time, () => Math.floor(random() * 80)));
    },
  };
}
