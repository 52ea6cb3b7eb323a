// A panel draws each of its states: loading, empty, error with last known data, waiting for the line, broken (CON-16), and its age (CON-15).
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unanswered } from "~/api/trouble";
import { Panel, type Loaded } from "~/parts/Panel";

const feed = { isWhole: false, pulse: { asOf: 0, lag: null } };
vi.mock("~/feed/context", () => ({ useFeed: () => feed, useConnection: () => ({ kind: "live" }) }));
vi.mock("~/place/merchant", () => ({ useMerchant: () => "demo" }));

const idle = { data: undefined, error: null, isFetching: false, fetchStatus: "idle", refetch: vi.fn() } as const;

function draw(query: Loaded<string[]>, asOf = Date.now(), live = false) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Panel
        title="Things"
        query={query}
        source={() => ({ asOf, name: "views", live })}
        isEmpty={(data) => data.length === 0}
        empty="No thing yet."
      >
        {(data) => {
          if (data[0] === "broken") throw new Error("drawn wrongly");
          return <p>{data.join(" ")}</p>;
        }}
      </Panel>
    </QueryClientProvider>,
  );
}

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  Object.assign(feed, { isWhole: false, pulse: { asOf: Date.now(), lag: null } });
});
afterEach(cleanup);

describe("a panel", () => {
  it("says that it loads", () => {
    draw({ ...idle, isFetching: true, fetchStatus: "fetching" });
    expect(screen.getByText("Loading…")).toBeTruthy();
  });
  it("says that there is nothing", () => {
    draw({ ...idle, data: [] });
    expect(screen.getByText("No thing yet.")).toBeTruthy();
  });
  it("shows a time-out with a retry beside what was last known", () => {
    draw({ ...idle, data: ["old"], error: unanswered("timeout", { writes: false, traceId: "abc", seconds: 10 }) });
    for (const words of [
      "No answer yet",
      "None: this only reads.",
      "timeout",
      "abc",
      "Try again",
      "old",
      "Below is what was last known.",
    ])
      expect(screen.getAllByText(words, { exact: false }).length).toBeGreaterThan(0);
  });
  it("says that it waits for the line", () => {
    draw({ ...idle, data: ["old"], fetchStatus: "paused" });
    expect(screen.getByText(/Waiting for the connection/)).toBeTruthy();
  });
  it("waits in the same words when a read was cut off, and raises no alarm of its own beside the banner", () => {
    const error = unanswered("offline", { writes: false, traceId: "abc", seconds: 10 });
    const line = vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    draw({ ...idle, data: ["old"], error });
    expect(screen.getByText(/Waiting for the connection/)).toBeTruthy();
    expect(screen.queryByRole("alert")).toBeNull();
    cleanup();
    line.mockReturnValue(true);
    draw({ ...idle, data: ["old"], error });
    expect(screen.getByRole("alert").textContent).toContain("No connection");
    line.mockRestore();
  });
  it("replaces a broken part by a notice, and keeps its head", () => {
    draw({ ...idle, data: ["broken"] });
    expect(screen.getByText("This part of the page broke")).toBeTruthy();
    expect(screen.getByRole("heading", { name: "Things" })).toBeTruthy();
  });
  it("is degraded, and no fresher than it was read, while a channel is not followed", () => {
    draw({ ...idle, data: ["x"] }, Date.now() - 45_000, true);
    expect(screen.getByText(/Live in part/)).toBeTruthy();
    expect(screen.getByText(/critical, 4[45] s old/)).toBeTruthy();
  });
  it("says its age in words, with time and source", () => {
    draw({ ...idle, data: ["x"] }, Date.now() - 45_000);
    expect(screen.getByText(/critical, 4[45] s old/).textContent).toMatch(/as of \d\d:\d\d:\d\d, views/);
  });
  it("is as fresh as the feed vouches, but no fresher than when it began to be read anew in vain", () => {
    feed.isWhole = true;
    draw({ ...idle, data: ["x"] }, Date.now() - 45_000, true);
    expect(screen.getByText(/^fresh/)).toBeTruthy();
    cleanup();
    vi.useFakeTimers();
    const error = unanswered("timeout", { writes: false, traceId: "abc", seconds: 10 });
    draw({ ...idle, data: ["x"], error }, Date.now() - 45_000, true);
    expect(screen.getByText(/^fresh/)).toBeTruthy();
    feed.pulse.asOf = Date.now() + 12_000; // the line lives, and what stands here is not what it tells of
    act(() => void vi.advanceTimersByTime(12_000));
    expect(screen.getByText(/^stale, 1[12] s old/)).toBeTruthy();
    vi.useRealTimers();
  });
});
