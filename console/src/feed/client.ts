// The live feed over one WebSocket: subscribe, resume behind the last cursor, try again with backoff, notice silence (CON-04, LIV-06).
// Owns the line and which channels are followed. Must not know React, pages or what the messages mean to them; clock, timers, chance and
// sockets are given, so that tests run it under a seeded network.
import { TRIES, waitBefore } from "~/feed/backoff";
import { Channel, type Follower } from "~/feed/channel";
import { endOf, reasonOf, type Connection } from "~/feed/connection";
import { parse, type Message } from "~/feed/messages";
import { Pulse } from "~/feed/pulse";

/** The part of a WebSocket that is used. */
export interface Line {
  send(text: string): void;
  close(code?: number): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
}

export interface World {
  open(): Promise<Line>;
  now(): number;
  random(): number;
  /** Run once after `ms`; the answer cancels. */
  after(ms: number, act: () => void): () => void;
}

const OPEN_WITHIN_MS = 10_000;
const AGAIN_MS = 2_000;
/** So long a line stays that nobody follows anything on: the next page follows something in a moment. */
const REST_AFTER_MS = 3_000;
/** Once a line has held this long, the count of tries begins anew. */
const STEADY_MS = 10_000;

export class FeedClient {
  readonly pulse: Pulse;
  private readonly world: World;
  private readonly channels = new Map<string, Channel>();
  private readonly listeners = new Set<() => void>();
  private state: Connection = { kind: "idle" };
  private line: Line | null = null;
  private attempt = 0;
  private cancels: (() => void)[] = [];
  private turn = 0;
  private notBefore = 0;
  /** The question behind the last subscription: once it is answered, all that was missed has been told. */
  private caughtUpBy = 0;

  constructor(world: World) {
    this.world = world;
    this.pulse = new Pulse(world, {
      ping: () => this.tell({ type: "ping" }),
      silent: () => this.cut("nothing was heard in time"),
    });
  }

  get connection(): Connection {
    return this.state;
  }

  /** Whether every channel that was asked for is followed and caught up: only then does silence mean that nothing changed. */
  get isWhole(): boolean {
    if (this.state.kind !== "live" || !this.pulse.hasAnswered(this.caughtUpBy)) return false;
    return [...this.channels.values()].every((channel) => channel.state === "followed");
  }

  /** Be told of each change of the connection's state. */
  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Follow a channel until the answer is called. Several may follow one; it is subscribed to once. */
  follow(name: string, follower: Follower): () => void {
    const known = this.channels.get(name);
    const channel = known ?? new Channel(name);
    this.channels.set(name, channel);
    channel.add(follower);
    if (this.state.kind === "idle") this.connect();
    else if (this.state.kind === "live" && channel.state !== "followed" && !known) this.subscribe([channel]);
    return () => this.unfollow(channel, follower);
  }

  private unfollow(channel: Channel, follower: Follower): void {
    channel.followers.delete(follower);
    if (channel.followers.size > 0 || this.channels.get(channel.name) !== channel) return;
    this.channels.delete(channel.name);
    if (this.state.kind !== "live") return;
    if (channel.state !== "refused") this.tell({ type: "unsubscribe", channel: channel.name });
    if (this.channels.size === 0) this.later(REST_AFTER_MS, () => this.channels.size === 0 && this.rest());
  }

  /** Try now, whatever was waited for; also what Retry does after the tenth try. Nothing is opened that nobody follows. */
  retry(): void {
    this.attempt = 0;
    if (this.channels.size === 0) return this.rest();
    this.notBefore = 0;
    this.connect();
  }

  /** The network is there again: try at once, unless the line holds or nothing is followed. */
  wake(): void {
    if (this.state.kind === "offline" || this.state.kind === "waiting" || this.state.kind === "given_up") this.retry();
  }

  /** The browser says that there is no network: no try makes sense until `retry`. */
  offline(): void {
    this.drop();
    this.become({ kind: "offline" });
  }

  /** Leave for good. */
  end(): void {
    this.channels.clear();
    this.drop();
    this.become({ kind: "idle" });
  }

  private connect(): void {
    this.drop();
    const turn = this.turn;
    this.become({ kind: "connecting", attempt: this.attempt });
    this.later(OPEN_WITHIN_MS, () => this.cut("the server did not answer"));
    this.world.open().then(
      (line) => (turn === this.turn ? this.hold(line) : line.close()),
      (error: unknown) =>
        turn === this.turn && this.lost(error instanceof Error ? error.message : "the server cannot be reached"),
    );
  }

  private hold(line: Line): void {
    this.line = line;
    line.onmessage = (event) => this.line === line && typeof event.data === "string" && this.hear(event.data);
    line.onclose = (event) => this.line === line && this.closed(event.code, event.reason);
  }

  private hear(text: string): void {
    const message = parse(text);
    if (!message) return;
    const before = this.isWhole;
    this.pulse.heard(message);
    if (this.isWhole !== before) this.become({ ...this.state });
    if (message.type === "hello") return this.greet();
    if (message.type === "bye") return this.leaveAfter(message);
    if ("channel" in message && message.channel) return this.give(message.channel, message);
    if (message.type === "gap") for (const channel of this.channels.values()) channel.take(message);
  }

  private greet(): void {
    this.cancelAll();
    this.become({ kind: "live", since: this.world.now() });
    this.later(STEADY_MS, () => (this.attempt = 0));
    this.caughtUpBy = 0;
    this.pulse.begin();
    this.subscribe([...this.channels.values()].filter((channel) => channel.state !== "refused"));
  }

  private subscribe(channels: readonly Channel[]): void {
    for (const channel of channels) this.tell(channel.subscription());
    if (channels.length) this.caughtUpBy = this.pulse.ask();
  }

  private give(name: string, message: Message): void {
    const channel = this.channels.get(name);
    const before = this.isWhole;
    const wish = channel?.take(message);
    if (this.isWhole !== before) this.become({ ...this.state });
    if (!channel || !wish) return;
    if (wish === "again") this.subscribe([channel]);
    else this.later(AGAIN_MS, () => this.channels.get(name) === channel && this.subscribe([channel]));
  }

  private leaveAfter(bye: Extract<Message, { type: "bye" }>): void {
    this.notBefore = this.world.now() + (bye.retry_after_ms ?? 0);
  }

  private closed(code: number, reason: string): void {
    const end = endOf(code, reason);
    if (!end) return this.lost(reasonOf(code, reason));
    this.drop();
    this.become(end);
  }

  private cut(why: string): void {
    this.lost(why);
  }

  /** Nothing is followed: no line is held, and none is tried for. */
  private rest(): void {
    this.drop();
    this.attempt = 0;
    this.become({ kind: "idle" });
  }

  private lost(why: string): void {
    if (this.channels.size === 0) return this.rest();
    this.drop();
    this.attempt += 1;
    if (this.attempt > TRIES) return this.become({ kind: "given_up", why });
    const asked = Math.max(0, this.notBefore - this.world.now());
    const wait = Math.max(
      asked,
      waitBefore(this.attempt, () => this.world.random()),
    );
    this.become({ kind: "waiting", attempt: this.attempt, nextTryAt: this.world.now() + wait, why });
    this.later(wait, () => this.connect());
  }

  private drop(): void {
    this.turn += 1;
    this.cancelAll();
    this.pulse.stop();
    const line = this.line;
    this.line = null;
    if (!line) return;
    line.onmessage = line.onclose = null;
    line.close();
  }

  private tell(message: object): void {
    this.line?.send(JSON.stringify(message));
  }

  private later(ms: number, act: () => void): void {
    this.cancels.push(this.world.after(ms, act));
  }

  private cancelAll(): void {
    for (const cancel of this.cancels.splice(0)) cancel();
  }

  private become(state: Connection): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}
