// The rows of a long list that are held: pages around what is looked at, dropped when far, moved on by live changes (CON-10, CON-11).
// Owns the pages and their memory. Must not know React, scrolling or where pages come from.
import type { Freshness } from "~/api/typed";
import type { Change } from "~/feed/messages";
import { asOfAnswer } from "~/freshness/source";
import { DRAW_EVERY_MS, throttle } from "~/live/pace";
import { moved, weightOf, type Slim } from "~/rows/slim";

export const PAGE = 200;
/** At most so much is held of a list; far pages go first. */
export const BYTES_MAX = 40_000_000;

export interface PageOfRows {
  rows: Slim[];
  /** Behind which the next page begins; null at the end. */
  next: string | null;
  /** How old the answer said it is. */
  freshness?: Freshness | undefined;
}

export interface RowSource {
  /** A page that begins behind this cursor ("" for the first). */
  page(cursor: string, signal: AbortSignal): Promise<PageOfRows>;
  /** The cursor of any page, where it can be told without reading the pages before. */
  cursorOf?(page: number): string;
}

interface Held {
  rows: Slim[];
  /** When it was true, ms. */
  asOf: number;
  weight: number;
  usedAt: number;
}

export class RowWindow {
  /** Pages whose reading failed, and why. */
  error: unknown = null;
  /** Whether a page has come. */
  wasRead = false;
  private readonly source: RowSource;
  private readonly limit: number;
  private readonly pages = new Map<number, Held>();
  private readonly cursors: (string | null)[] = [""];
  private readonly at = new Map<string, [page: number, index: number]>();
  private readonly reading = new Map<number, AbortController>();
  private readonly meanwhile = new Map<string, Change>();
  private readonly listeners = new Set<() => void>();
  /** Pages that could not be read: not asked for again before somebody says so. */
  private readonly failed = new Set<number>();
  private readonly soon = throttle(() => this.tell(), DRAW_EVERY_MS);
  private clock = 0;
  private bytes = 0;
  /** Rises whenever listeners are told: of pages at once, of changes at the pace of drawing. */
  revision = 0;

  constructor(source: RowSource, limit = BYTES_MAX) {
    this.source = source;
    this.limit = limit;
  }

  listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** When what is in sight was true: as of the oldest of its pages, ms; 0 where nothing is held. */
  get asOf(): number {
    const held = [...this.pages.values()];
    const seen = held.filter(({ usedAt }) => usedAt >= this.clock);
    return Math.min(...(seen.length ? seen : held).map(({ asOf }) => asOf), held.length ? Infinity : 0);
  }

  /** Whether a row could not be read. */
  isMissing(index: number): boolean {
    return this.failed.has(Math.floor(index / PAGE));
  }

  get heldBytes(): number {
    return this.bytes;
  }

  get isReading(): boolean {
    return this.reading.size > 0;
  }

  get heldRows(): number {
    return this.at.size;
  }

  /** How many rows are known to be there when the list is read page by page. */
  get knownRows(): number {
    const pages = this.cursors.length;
    const last = this.pages.get(pages - 1);
    return (pages - 1) * PAGE + (this.ended ? (this.lastLength ?? last?.rows.length ?? 0) : PAGE);
  }

  private ended = false;
  private lastLength: number | null = null;

  /** The row at a place, if it is held. */
  row(index: number): Slim | undefined {
    return this.pages.get(Math.floor(index / PAGE))?.rows[index % PAGE];
  }

  /** A row by its id, if it is held. */
  byId(id: string): Slim | undefined {
    const place = this.at.get(id);
    return place && this.pages.get(place[0])?.rows[place[1]];
  }

  /** Make sure that these rows are held or being read; what is far is dropped. */
  need(from: number, to: number): void {
    const [first, last] = [Math.floor(Math.max(0, from) / PAGE), Math.floor(Math.max(0, to) / PAGE)];
    this.clock += 1;
    for (let page = first; page <= last; page += 1) this.needPage(page);
    for (const [page, reading] of this.reading) if (page < first - 1 || page > last + 1) this.stop(page, reading);
  }

  /** Take live changes. Answers those of them that are of no row that is held. */
  take(changes: readonly Change[]): Change[] {
    const others = changes.filter((change) => !this.apply(change));
    if (this.reading.size > 0) for (const change of changes) this.remember(change);
    if (others.length < changes.length) this.soon.wish();
    return others;
  }

  /** Read again what is held; nothing is taken away until the new page is there. */
  renew(): void {
    this.failed.clear();
    const underWay = [...this.reading.keys()];
    for (const [page, reading] of [...this.reading]) this.stop(page, reading); // what is on its way is older than this wish
    const seen = [...this.pages.entries()].filter(([, held]) => held.usedAt >= this.clock).map(([page]) => page);
    const wanted = [...new Set([...seen, ...underWay])];
    for (const page of [...this.pages.keys()]) if (!wanted.includes(page)) this.drop(page);
    for (const page of wanted.length ? wanted : [0]) void this.read(page);
  }

  end(): void {
    for (const [page, reading] of this.reading) this.stop(page, reading);
    this.soon.cancel();
    this.listeners.clear();
  }

  private needPage(page: number): void {
    const held = this.pages.get(page);
    if (held) held.usedAt = this.clock;
    else if (!this.reading.has(page) && !this.failed.has(page)) void this.read(page);
  }

  private cursorOf(page: number): string | null | undefined {
    return this.source.cursorOf ? this.source.cursorOf(page) : this.cursors[page];
  }

  private async read(page: number): Promise<void> {
    const cursor = this.cursorOf(page);
    if (cursor === null || cursor === undefined || this.reading.has(page)) return;
    const reading = new AbortController();
    this.reading.set(page, reading);
    try {
      const found = await this.source.page(cursor, reading.signal);
      if (this.reading.get(page) === reading) this.hold(page, found);
    } catch (error) {
      if (!reading.signal.aborted) this.fail(page, error);
    } finally {
      if (this.reading.get(page) === reading) this.reading.delete(page);
      if (this.reading.size === 0) this.meanwhile.clear();
      this.tell();
    }
  }

  private fail(page: number, error: unknown): void {
    this.failed.add(page);
    this.error = error;
  }

  private hold(page: number, found: PageOfRows): void {
    this.drop(page);
    const rows = found.rows.map((slim) => this.newest(slim));
    const weight = rows.reduce((sum, slim) => sum + weightOf(slim), 0);
    this.pages.set(page, { rows, weight, usedAt: this.clock, asOf: asOfAnswer(found.freshness, Date.now()) });
    rows.forEach((slim, index) => this.at.set(slim.id, [page, index]));
    this.bytes += weight;
    this.error = null;
    this.wasRead = true;
    this.chain(page, found);
    this.forgetFar();
  }

  /** A change that came while the page was on its way may be newer than the page. */
  private newest(slim: Slim): Slim {
    const change = this.meanwhile.get(slim.id);
    return change ? moved(slim, change) : slim;
  }

  private remember(change: Change): void {
    const known = this.meanwhile.get(change.id);
    if (!known || known.version < change.version) this.meanwhile.set(change.id, change);
  }

  private chain(page: number, found: PageOfRows): void {
    if (this.source.cursorOf) return;
    if (found.next !== null) this.cursors[page + 1] = found.next;
    else {
      this.ended = true;
      this.lastLength = found.rows.length;
      this.cursors.length = page + 1;
    }
  }

  private apply(change: Change): boolean {
    const place = this.at.get(change.id);
    const held = place && this.pages.get(place[0]);
    const slim = held?.rows[place?.[1] ?? -1];
    if (!place || !held || !slim) return false;
    held.rows[place[1]] = moved(slim, change);
    return true;
  }

  private forgetFar(): void {
    while (this.bytes > this.limit && this.pages.size > 1) {
      const [oldest] = [...this.pages.entries()].sort(([, a], [, b]) => a.usedAt - b.usedAt);
      if (!oldest || oldest[1].usedAt >= this.clock) return;
      this.drop(oldest[0]);
    }
  }

  private drop(page: number): void {
    const held = this.pages.get(page);
    if (!held) return;
    this.pages.delete(page);
    this.bytes -= held.weight;
    for (const slim of held.rows) this.at.delete(slim.id);
  }

  private stop(page: number, reading: AbortController): void {
    this.reading.delete(page);
    reading.abort();
  }

  private tell(): void {
    this.revision += 1;
    for (const listener of this.listeners) listener();
  }
}
