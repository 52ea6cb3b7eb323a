// Many wishes are few acts, and the last wish is never left out.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { throttle } from "~/live/pace";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("a throttle", () => {
  it("acts at once, then once for all wishes of a stretch, then rests", () => {
    const act = vi.fn();
    const { wish } = throttle(act, 100);
    wish();
    expect(act).toHaveBeenCalledTimes(1);
    for (let i = 0; i < 9; i += 1) wish();
    vi.advanceTimersByTime(99);
    expect(act).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1);
    expect(act).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(1_000);
    expect(act).toHaveBeenCalledTimes(2);
    wish();
    expect(act).toHaveBeenCalledTimes(3);
  });
  it("acts no more once it is canceled, and leaves no timer", () => {
    const act = vi.fn();
    const { wish, cancel } = throttle(act, 100);
    wish();
    wish();
    cancel();
    vi.advanceTimersByTime(1_000);
    expect([act.mock.calls.length, vi.getTimerCount()]).toEqual([1, 0]);
  });
});
