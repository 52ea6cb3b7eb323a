// Keyed requests whose answer never came (CON-17): listed where a person sees them, sent again on reconnect with the same key, cleared by
// hand. Owns the list. Only what was sent before stands here; nothing new is ever sent without a person. Must not know forms.
import { Cell } from "~/keep/cell";
import { keep, recall } from "~/keep/storage";
import type { Asked } from "~/api/request";
import { writtenBy, type Written } from "~/api/typed";
import { troubleOf, type Trouble } from "~/api/trouble";

export interface Waiting {
  /** The idempotency key: the request is in the list once. */
  key: string;
  words: string;
  asked: Pick<Asked, "method" | "path" | "merchant" | "body" | "ifMatch">;
  sentAt: number;
  state: "waiting" | "sending";
}

type Send = (asked: Asked) => Promise<Written<unknown>>;

function isWaiting(value: unknown): value is Waiting[] {
  return (
    Array.isArray(value) &&
    value.every((item: Partial<Waiting> | null) => typeof item?.key === "string" && typeof item.words === "string")
  );
}

export class Outbox {
  readonly list: Cell<Waiting[]>;
  private readonly answered = new Map<string, (result: Written<unknown> | Trouble) => void>();
  private readonly send: Send;

  constructor(send: Send = writtenBy) {
    this.send = send;
    const kept = recall("session", "outbox", isWaiting) ?? [];
    this.list = new Cell<Waiting[]>(kept.map((item) => ({ ...item, state: "waiting" })));
  }

  /** Keep a request that was sent and not answered. The same key again changes nothing. */
  add(item: Omit<Waiting, "state">, answered?: (result: Written<unknown> | Trouble) => void): void {
    if (answered) this.answered.set(item.key, answered);
    if (!this.list.get().some((other) => other.key === item.key))
      this.store([...this.list.get(), { ...item, state: "waiting" }]);
  }

  /** Take a request off the list: what was sent stays sent, it is only asked after no more. */
  remove(key: string): void {
    this.answered.delete(key);
    this.store(this.list.get().filter((item) => item.key !== key));
  }

  clear(): void {
    for (const item of this.list.get()) this.remove(item.key);
  }

  /** Ask again for all that wait, one after another; what stays unknown stays on the list. */
  async flush(): Promise<void> {
    for (const { key } of this.list.get()) {
      const item = this.list.get().find((one) => one.key === key); // it may have been taken off, or asked for, meanwhile
      if (item?.state === "waiting") await this.again(item);
    }
  }

  private async again(item: Waiting): Promise<void> {
    this.mark(item.key, "sending");
    try {
      const result = await this.send({ ...item.asked, key: item.key });
      if (result.kind === "undecided") return this.mark(item.key, "waiting");
      this.end(item.key, result);
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble.parts.certainty === "refused") this.end(item.key, trouble);
      else this.mark(item.key, "waiting");
    }
  }

  private end(key: string, result: Written<unknown> | Trouble): void {
    const tell = this.answered.get(key);
    this.remove(key);
    tell?.(result);
  }

  private mark(key: string, state: Waiting["state"]): void {
    this.store(this.list.get().map((item) => (item.key === key ? { ...item, state } : item)));
  }

  private store(items: Waiting[]): void {
    this.list.set(items);
    keep("session", "outbox", items.length ? items : null);
  }
}

export const outbox = new Outbox();
