// The live stream: 50 rows, drops in counts, a pause that loses nothing (CON-02, CON-03).
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Change } from "~/feed/messages";
import { DRAW_EVERY_MS } from "~/live/pace";
import { SHOWN_MAX, Stream } from "~/pages/transactions/stream";

const change = (id: number, version = 1, status = "pending") => ({ id: String(id), version, status }) as Change;
const all = () => true;

describe("the stream", () => {
  it("shows at most 50, newest first, and counts what fell off", () => {
    const stream = new Stream(all);
    stream.take(Array.from({ length: 120 }, (_, i) => change(i)));
    const { shown, dropped } = stream.state();
    expect([shown.length, shown[0]?.id, dropped]).toEqual([SHOWN_MAX, "119", 70]);
  });
  it("updates a listed row where it stands, never backwards", () => {
    const stream = new Stream(all);
    stream.take([change(1), change(2), change(1, 3, "completed"), change(1, 2, "processing")]);
    expect(stream.state().shown.map(({ id, status }) => [id, status])).toEqual([
      ["2", "pending"],
      ["1", "completed"],
    ]);
  });
  it("keeps a listed row up to date also when it no longer fits the filter", () => {
    const stream = new Stream((one) => one.status === "failed");
    stream.take([change(1, 1, "failed"), change(2, 1, "pending")]);
    stream.take([change(1, 2, "completed")]);
    expect(stream.state().shown.map(({ id, status }) => [id, status])).toEqual([["1", "completed"]]);
  });
  it("paused, shows nothing new, counts it, and has it all when resumed", () => {
    const stream = new Stream(all);
    stream.take([change(1)]);
    stream.pause();
    stream.take([change(2), change(1, 2, "completed"), change(3)]);
    expect([stream.state().shown.map((row) => row.version), stream.state().missed]).toEqual([[1], 3]);
    stream.resume();
    const { shown, missed, dropped } = stream.state();
    expect(shown.map(({ id, version }) => [id, version])).toEqual([
      ["3", 1],
      ["2", 1],
      ["1", 2],
    ]);
    expect([missed, dropped]).toEqual([0, 0]);
  });
  it("paused for long, accounts for every change: shown or counted as dropped", () => {
    const stream = new Stream(all);
    stream.pause();
    for (let i = 0; i < 1000; i += 1) stream.take([change(i)]);
    expect(stream.state().missed).toBe(1000);
    stream.resume();
    expect([stream.state().shown.length, stream.state().dropped]).toEqual([50, 950]);
  });
});

describe("what is read again", () => {
  it("is nothing missed where it was told before, and says in words that some were left out", () => {
    const stream = new Stream(all);
    stream.take([change(1), change(2, 3)]);
    stream.pause();
    stream.gap(null);
    stream.take([change(1), change(2, 3), change(2, 4), change(3)]);
    expect(stream.state()).toMatchObject({ missed: 2, leftOut: 0, leftOutSome: true });
    stream.take([change(3), change(2, 4)]);
    expect(stream.state().missed).toBe(2);
  });
});

describe("drawing the stream", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("is done at once, then once for all that came within a tick, and then no more", () => {
    const stream = new Stream(all);
    const drawn: number[] = [];
    stream.listen(() => drawn.push(stream.drawn().shown.length));
    for (let i = 0; i < 30; i += 1) stream.take([change(i)]);
    expect(drawn).toEqual([1]);
    vi.advanceTimersByTime(DRAW_EVERY_MS);
    expect(drawn).toEqual([1, 30]);
    vi.advanceTimersByTime(10 * DRAW_EVERY_MS);
    expect(drawn).toEqual([1, 30]);
  });
  it("at a thousand changes a second is done ten times a second, and leaves nothing out", () => {
    const stream = new Stream(all);
    let draws = 0;
    stream.listen(() => (draws += 1));
    for (let ms = 0; ms < 1000; ms += 1) {
      stream.take([change(ms)]);
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(DRAW_EVERY_MS);
    expect(draws).toBeLessThanOrEqual(11);
    const { shown, dropped } = stream.drawn();
    expect([shown[0]?.id, shown.length + dropped]).toEqual(["999", 1000]);
  });
  it("waits for nothing when a person pauses or resumes", () => {
    const stream = new Stream(all);
    stream.listen(() => undefined);
    stream.take([change(1)]);
    stream.take([change(2)]);
    stream.pause();
    expect([stream.drawn().paused, stream.drawn().shown.length]).toEqual([true, 2]);
    stream.take([change(3)]);
    stream.resume();
    expect([stream.drawn().paused, stream.drawn().shown.length]).toEqual([false, 3]);
  });
  it("is the same object until it is told anew, and as it is for who listens first", () => {
    const stream = new Stream(all);
    stream.take([change(1)]);
    stream.take([change(2)]);
    expect(stream.drawn()).toBe(stream.drawn());
    stream.listen(() => undefined);
    expect(stream.drawn().shown).toHaveLength(2);
  });
  it("leaves no timer behind when nobody listens any more", () => {
    const stream = new Stream(all);
    const end = stream.listen(() => undefined);
    stream.take([change(1)]);
    end();
    expect(vi.getTimerCount()).toBe(0);
  });
});
