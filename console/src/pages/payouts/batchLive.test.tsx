// What the feed tells of a batch: the newest is drawn, at once and then at the pace of drawing; nothing told is newer than what is asked for next.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { batchQuery, batchStoryQuery, type BatchNow } from "~/api/reads";
import type { Batch } from "~/api/typed";
import type { Follower } from "~/feed/channel";
import { DRAW_EVERY_MS } from "~/live/pace";
import { storyEvery, useBatchLive } from "~/pages/payouts/batchLive";

const heard: { follower: Follower } = { follower: {} };
vi.mock("~/feed/context", () => ({ useChannel: (_: string, follower: Follower) => (heard.follower = follower) }));
vi.mock("~/place/merchant", () => ({ useMerchant: () => "demo" }));

const told = (rows: number, status = "processing") => ({ id: "b", row_count: rows, status }) as unknown as Batch;

function following(storyEveryMs = 4_000) {
  const cache = new QueryClient();
  const drawn: (number | undefined)[] = [];
  const { queryKey } = batchQuery("demo", "b");
  const shown = () => cache.getQueryData<BatchNow>(queryKey)?.row_count;
  cache.setQueryData(queryKey, told(0) as BatchNow);
  cache.getQueryCache().subscribe((event) => event.type === "updated" && drawn.push(shown()));
  const asked = vi.spyOn(cache, "invalidateQueries").mockImplementation(() => Promise.resolve(void drawn.push(-1)));
  renderHook(() => useBatchLive("b", storyEveryMs), {
    wrapper: ({ children }) => <QueryClientProvider client={cache}>{children}</QueryClientProvider>,
  });
  return { drawn, shown, asked, cache };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

it("is drawn at once, and then once for all that was told within a tick", () => {
  const { drawn, shown } = following();
  for (let rows = 1; rows <= 40; rows += 1) heard.follower.batch?.(told(rows));
  expect([drawn, shown()]).toEqual([[1], 1]);
  vi.advanceTimersByTime(DRAW_EVERY_MS);
  expect([drawn, shown()]).toEqual([[1, 40], 40]);
});

it("is taken before it is asked for again, so that an older word never comes behind the answer", () => {
  const { drawn } = following();
  heard.follower.batch?.(told(1));
  heard.follower.batch?.(told(2));
  heard.follower.gap?.(3);
  vi.advanceTimersByTime(DRAW_EVERY_MS);
  expect(drawn.slice(0, 3)).toEqual([1, 2, -1]);
  expect(drawn.filter((rows) => rows !== -1)).toEqual([1, 2]);
});

it("has its story read again with its changes, the less often the longer that takes", () => {
  expect([storyEvery(undefined), storyEvery(30), storyEvery(1_500)]).toEqual([4_000, 4_000, 30_000]);
  const { asked, cache } = following(storyEvery(1_500));
  cache.setQueryData(batchStoryQuery("demo", "b").queryKey, {} as never);
  heard.follower.batch?.(told(1));
  expect(asked).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(DRAW_EVERY_MS);
  heard.follower.batch?.(told(2));
  vi.advanceTimersByTime(29_000);
  expect(asked).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1_000);
  expect(asked).toHaveBeenCalledTimes(2);
});
