// A list read page by page: each row once however the pages overlap, further ones on demand, how many there are (CON-15).
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PagedList, type Paged } from "~/parts/PagedList";

vi.mock("~/feed/context", () => ({
  useFeed: () => ({ isWhole: false, pulse: { asOf: Date.now(), lag: null } }),
  useConnection: () => ({ kind: "live" }),
}));
vi.mock("~/place/merchant", () => ({ useMerchant: () => "demo" }));

interface Thing {
  name: string;
}
interface Page {
  results: Thing[];
}

const none = { error: null, isFetching: false, fetchStatus: "idle", refetch: vi.fn() } as const;

function draw(names: string[][], more: Partial<Paged<Page>> = {}, soFar?: string) {
  const fetchNextPage = vi.fn();
  const pages = names.map((page) => ({ results: page.map((name) => ({ name })) }));
  const query = { ...none, data: { pages }, hasNextPage: false, isFetchingNextPage: false, fetchNextPage, ...more };
  render(
    <QueryClientProvider client={new QueryClient()}>
      <PagedList
        title="Things"
        query={query}
        source={() => ({ asOf: Date.now(), name: "views", live: false })}
        empty="No thing yet."
        caption="All things"
        columns={[{ id: "name", header: "Name", accessorFn: (row: Thing) => row.name }]}
        idOf={(row) => row.name}
        {...(soFar ? { soFar } : {})}
      />
    </QueryClientProvider>,
  );
  return fetchNextPage;
}

const shown = () =>
  screen
    .getAllByRole("row")
    .slice(1)
    .map((row) => row.textContent);

afterEach(cleanup);

describe("a list read page by page", () => {
  it("shows a row that moved between two pages once", () => {
    draw(
      [
        ["a", "b"],
        ["b", "c"],
      ],
      {},
      "so far.",
    );
    expect(shown()).toEqual(["a", "b", "c"]);
    expect(screen.getByText("3 in all.", { exact: false })).toBeTruthy();
  });
  it("reads further ones when it is asked to, and says that there are some", () => {
    const fetchNextPage = draw([["a"]], { hasNextPage: true }, "so far.");
    expect(screen.getByText("1 so far.", { exact: false })).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Read older ones" }));
    expect(fetchNextPage).toHaveBeenCalledOnce();
  });
  it("does not ask twice while it reads", () => {
    draw([["a"]], { hasNextPage: true, isFetchingNextPage: true });
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Reading…" }).disabled).toBe(true);
  });
  it("offers nothing further at the end, and counts only where it is told to", () => {
    draw([["a"]]);
    expect(screen.queryByRole("button", { name: "Read older ones" })).toBeNull();
    expect(screen.queryByText(/in all/)).toBeNull();
  });
  it("is empty only if all its pages are", () => {
    draw([[], ["z"]]);
    expect(shown()).toEqual(["z"]);
    cleanup();
    draw([[]]);
    expect(screen.getByText("No thing yet.")).toBeTruthy();
  });
});
