// Rows that are held of a long list: bounded memory, places that stay, changes that are not lost on the way (CON-10, CON-11).
import { describe, expect, it, vi } from "vitest";
import type { Change } from "~/feed/messages";
import { DRAW_EVERY_MS } from "~/live/pace";
import type { Slim } from "~/rows/slim";
import { PAGE, RowWindow, type PageOfRows, type RowSource } from "~/rows/window";

const id = (row: number) => `row-${String(row)}`;
const slim = (row: number, version = 1): Slim => ({
  id: id(row),
  row,
  batch: "b",
  reference: `ref-${String(row)}`,
  payee: "+256700000001",
  amount: "10.00",
  currency: "KES",
  status: "pending",
  reason: null,
  code: null,
  why: null,
  version,
  updated: "2026-11-21T00:00:00Z",
});
const change = (row: number, version: number, status: Change["status"] = "completed") => ({
  ...({} as Change),
  id: id(row),
  version,
  status,
  amount: "10.00",
  currency: "KES",
});

/** A batch of `total` rows whose pages can be read anywhere. */
function direct(total: number) {
  const page = vi.fn(async (cursor: string): Promise<PageOfRows> => {
    const from = Number(cursor);
    const rows = Array.from({ length: Math.min(PAGE, total - from) }, (_, i) => slim(from + i + 1));
    return Promise.resolve({ rows, next: null });
  });
  const source: RowSource = { page, cursorOf: (number) => String(number * PAGE) };
  return { source, page };
}

async function settle() {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

describe("a list of 100,000 rows", () => {
  it("reads only the pages that are looked at", async () => {
    const { source, page } = direct(100_000);
    const rows = new RowWindow(source);
    rows.need(50_000, 50_040);
    await settle();
    expect(page).toHaveBeenCalledTimes(1);
    expect(rows.row(50_010)?.row).toBe(50_011);
    expect(rows.row(0)).toBeUndefined();
  });

  it("holds no more than its limit, and keeps what is looked at", async () => {
    const limit = 1_000_000;
    const rows = new RowWindow(direct(100_000).source, limit);
    for (let at = 0; at < 100_000; at += 150) {
      rows.need(at, at + 60);
      await settle();
      expect(rows.heldBytes).toBeLessThanOrEqual(limit + 250_000);
      expect(rows.row(at)?.row).toBe(at + 1);
    }
    expect(rows.heldRows).toBeLessThan(2_500);
    rows.need(0, 40);
    await settle();
    expect(rows.row(0)?.row).toBe(1);
  });

  it("stops reading what was scrolled past", async () => {
    const signals: AbortSignal[] = [];
    const rows = new RowWindow({
      cursorOf: (number) => String(number),
      page: (_, signal) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
    });
    rows.need(0, 40);
    rows.need(90_000, 90_040);
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
  });
});

describe("live changes", () => {
  it("move a held row on, once, by version", async () => {
    const rows = new RowWindow(direct(1_000).source);
    rows.need(0, 40);
    await settle();
    expect(rows.take([change(3, 2, "processing"), change(3, 3), change(3, 2, "processing")])).toEqual([]);
    expect([rows.row(2)?.status, rows.row(2)?.version]).toEqual(["completed", 3]);
  });

  it("are held at once and told once a tick", async () => {
    const rows = new RowWindow(direct(1_000).source);
    rows.need(0, 40);
    await settle();
    vi.useFakeTimers();
    const told: number[] = [];
    rows.listen(() => told.push(rows.row(2)?.version ?? 0));
    const before = rows.revision;
    for (let version = 2; version <= 30; version += 1) rows.take([change(3, version)]);
    expect([rows.row(2)?.version, told, rows.revision - before]).toEqual([30, [2], 1]);
    vi.advanceTimersByTime(DRAW_EVERY_MS);
    expect([told, rows.revision - before]).toEqual([[2, 30], 2]);
    rows.take([change(3, 31)]);
    rows.end();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("that come while a page is on its way are not lost", async () => {
    let arrive: (page: PageOfRows) => void = () => undefined;
    const rows = new RowWindow({ cursorOf: () => "", page: () => new Promise((resolve) => (arrive = resolve)) });
    rows.need(0, 40);
    rows.take([change(1, 2, "processing"), change(1, 3)]);
    arrive({ rows: [slim(1), slim(2)], next: null });
    await settle();
    expect([rows.row(0)?.status, rows.row(1)?.status]).toEqual(["completed", "pending"]);
  });

  it("of rows that are not held are handed back: they are the new ones", async () => {
    const rows = new RowWindow(direct(10).source);
    rows.need(0, 9);
    await settle();
    expect(rows.take([change(2, 2), change(900, 1)]).map((one) => one.id)).toEqual([id(900)]);
  });

  it("after a gap the rows in sight are read again, and stay until they are there", async () => {
    const { source, page } = direct(1_000);
    const rows = new RowWindow(source);
    rows.need(0, 40);
    await settle();
    rows.renew();
    expect(rows.row(0)?.row).toBe(1);
    await settle();
    expect(page).toHaveBeenCalledTimes(2);
  });
});

it("reads again what was on its way when the feed was joined: it may be older", async () => {
  const arrivals: ((page: PageOfRows) => void)[] = [];
  const rows = new RowWindow({ cursorOf: () => "", page: () => new Promise((resolve) => arrivals.push(resolve)) });
  rows.need(0, 40);
  rows.renew();
  expect(arrivals).toHaveLength(2);
  arrivals[1]?.({ rows: [slim(1, 2)], next: null });
  arrivals[0]?.({ rows: [slim(1, 1)], next: null });
  await settle();
  expect(rows.row(0)?.version).toBe(2);
});

describe("a list that is read page by page", () => {
  const chained: RowSource = {
    page: (cursor) => {
      const from = cursor === "" ? 0 : Number(cursor);
      const rows = Array.from({ length: Math.min(PAGE, 450 - from) }, (_, i) => slim(from + i + 1));
      return Promise.resolve({ rows, next: from + PAGE < 450 ? String(from + PAGE) : null });
    },
  };

  it("knows one page more than it has read, until the end", async () => {
    const rows = new RowWindow(chained);
    expect(rows.knownRows).toBe(PAGE);
    for (const at of [0, 200, 400]) {
      rows.need(at, at + 10);
      await settle();
    }
    expect(rows.knownRows).toBe(450);
    expect(rows.row(449)?.row).toBe(450);
  });

  it("tells a page that could not be read, and reads it again when asked", async () => {
    const page = vi.fn(chained.page.bind(chained)).mockRejectedValueOnce(new Error("away"));
    const rows = new RowWindow({ page });
    rows.need(0, 10);
    await settle();
    expect(rows.error).toBeInstanceOf(Error);
    rows.need(0, 10);
    await settle();
    expect(page).toHaveBeenCalledTimes(1);
    rows.renew();
    await settle();
    expect([rows.error, rows.row(0)?.row]).toEqual([null, 1]);
  });
});

describe("how old the rows in sight are", () => {
  it("is told by the oldest page in sight, as its answer said, and not by the last that was read", async () => {
    let ages = [30_000, 0];
    const page = async (cursor: string): Promise<PageOfRows> => {
      const [first = 0] = ages;
      ages = ages.slice(1);
      const freshness = { timestamp: new Date(Date.now() - first).toISOString(), source: "projection", max_age_ms: first };
      return Promise.resolve({ rows: [slim(Number(cursor) + 1)], next: null, freshness });
    };
    const rows = new RowWindow({ page, cursorOf: (number) => String(number * PAGE) });
    expect([rows.asOf, rows.wasRead]).toEqual([0, false]);
    rows.need(0, 10);
    await settle();
    expect(Date.now() - rows.asOf).toBeGreaterThanOrEqual(30_000);
    rows.need(0, PAGE + 10);
    await settle();
    expect(Date.now() - rows.asOf).toBeGreaterThanOrEqual(30_000);
    rows.need(PAGE, PAGE + 10);
    expect(Date.now() - rows.asOf).toBeLessThan(5_000);
  });

  it("is nothing where no page could be read, and its rows are called missing, not on their way", async () => {
    const rows = new RowWindow({ page: () => Promise.reject(new Error("away")), cursorOf: String });
    rows.need(0, 10);
    await settle();
    expect([rows.asOf, rows.wasRead, rows.isMissing(5), rows.isMissing(PAGE)]).toEqual([0, false, true, false]);
  });
});
