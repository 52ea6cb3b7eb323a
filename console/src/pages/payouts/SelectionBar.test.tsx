// An act on many rows waits for fresh data, and says why, as one on a single payout does (CON-06, CON-15).
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { payoutActionsQuery } from "~/api/reads";
import { AgeContext } from "~/freshness/Age";
import { SelectionBar } from "~/pages/payouts/SelectionBar";
import type { RowWindow } from "~/rows/window";

vi.mock("~/feed/context", () => ({ useOnline: () => true }));
vi.mock("~/place/merchant", () => ({ useMerchant: () => "demo" }));
vi.mock("~/api/identity", () => ({ useIdentity: () => null, whyNot: () => null }));
afterEach(cleanup);

it.each([
  [1_000, false],
  [40_000, true],
])("at an age of %i ms it waits: %s", (age, waits) => {
  const row = { id: "p", version: 1, amount: "5.00", currency: "USD", reference: null };
  const rows = { listen: () => () => undefined, revision: 1, byId: () => row } as unknown as RowWindow;
  const cache = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  cache.setQueryData(payoutActionsQuery("demo", "p", 1).queryKey, {
    actions: [{ action: "cancel", allowed: true }],
  } as never);
  const selection = { ids: new Set(["p"]), isFull: false, toggle: vi.fn(), clear: vi.fn() };
  render(
    <QueryClientProvider client={cache}>
      <AgeContext value={age}>
        <SelectionBar rows={rows} selection={selection} />
      </AgeContext>
    </QueryClientProvider>,
  );
  expect(screen.getByRole("button", { name: "Cancel these" }).getAttribute("aria-disabled")).toBe(String(waits));
  expect(screen.queryByText(/critical, 40 s old/) !== null).toBe(waits);
});
