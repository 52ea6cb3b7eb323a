// Reading again as things change: what is being read is read to its end, and then once more.
import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useReread } from "~/live/refresh";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

it("comes to an end under steady changes and slow answers, and leaves the last change not out", async () => {
  let now = 0;
  const read = vi.fn(
    ({ signal }: { signal: AbortSignal }) =>
      new Promise<number>((answer, refuse) => {
        const asked = now;
        setTimeout(() => answer(asked), 3_000);
        signal.addEventListener("abort", () => refuse(new Error("begun anew")));
      }),
  );
  const cache = new QueryClient();
  const { result } = renderHook(
    () => ({
      data: useQuery({ queryKey: ["m", "figures", 1], queryFn: read }).data,
      wish: useReread([["m", "figures"]], 2_000),
    }),
    { wrapper: ({ children }) => <QueryClientProvider client={cache}>{children}</QueryClientProvider> },
  );
  const seen = new Set<number | undefined>();
  for (now = 1; now <= 20; now += 1) {
    act(() => result.current.wish());
    await act(() => vi.advanceTimersByTimeAsync(1_000));
    seen.add(result.current.data);
  }
  now = 99;
  act(() => result.current.wish());
  await act(() => vi.advanceTimersByTimeAsync(12_000));
  expect(seen.size).toBeGreaterThan(3);
  expect(result.current.data).toBe(99);
});
