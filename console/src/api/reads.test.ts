// Of large drafts a page has fewer than were asked for: the list goes on until it has them, or 50 (LIF-05, SEC-10).
import { QueryClient } from "@tanstack/react-query";
import { expect, it, vi } from "vitest";
import { draftsQuery } from "~/api/reads";

const { read } = vi.hoisted(() => ({ read: vi.fn() }));
vi.mock("~/api/typed", () => ({ read, readAged: vi.fn() }));

const page = (from: number, count: number, next_cursor: string | null) => ({
  results: Array.from({ length: count }, (_, at) => ({ id: `d${String(from + at)}` })),
  next_cursor,
});

it("asks for further pages of drafts until there are no more", async () => {
  read
    .mockResolvedValueOnce(page(0, 2, "d1"))
    .mockResolvedValueOnce(page(2, 3, "d4"))
    .mockResolvedValueOnce(page(5, 1, null));
  const found = await new QueryClient().fetchQuery(draftsQuery("demo"));
  expect(found.results.map((draft) => draft.id)).toEqual(["d0", "d1", "d2", "d3", "d4", "d5"]);
  expect(read.mock.calls.map(([, asked]) => (asked as { query: unknown }).query)).toEqual([
    { limit: 50 },
    { limit: 48, cursor: "d1" },
    { limit: 45, cursor: "d4" },
  ]);
});

it("ends at fifty drafts", async () => {
  read.mockReset().mockResolvedValueOnce(page(0, 50, "d49"));
  expect((await new QueryClient().fetchQuery(draftsQuery("demo"))).results).toHaveLength(50);
  expect(read).toHaveBeenCalledTimes(1);
});
