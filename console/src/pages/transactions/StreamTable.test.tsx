// The rows of the live stream: drawn anew only where something changed, opened by click and by key (CON-02, CON-22).
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Change } from "~/feed/messages";
import * as amounts from "~/money/amount";
import { StreamTable } from "~/pages/transactions/StreamTable";
import { onKeyDown } from "~/shell/keys";

vi.mock("~/place/merchant", () => ({ useMerchant: () => "demo" }));

const change = (id: number, version = 1, status: Change["status"] = "pending") =>
  ({
    ...({} as Change),
    id: `payout-${String(id)}`,
    reference: `ref-${String(id)}`,
    amount: "10.00",
    currency: "KES",
    version,
    status,
    attempt_count: 0,
    updated_at: new Date().toISOString(),
  }) satisfies Change;

const listed = () => screen.getAllByRole("link").map((link) => link.textContent);

beforeEach(() => document.addEventListener("keydown", onKeyDown));
afterEach(() => {
  document.removeEventListener("keydown", onKeyDown);
  cleanup();
});

describe("the live rows", () => {
  it("are drawn again only where a row is new or changed, and keep their place in the page", () => {
    const drawn = vi.spyOn(amounts, "grouped");
    const rows = Array.from({ length: 50 }, (_, i) => change(i));
    const table = (shown: Change[]) => <StreamTable caption="Latest" rows={shown} onOpen={() => undefined} />;
    const { rerender } = render(table(rows));
    const [first, before] = [screen.getByText("ref-1").closest("tr"), drawn.mock.calls.length];
    rerender(table([change(99), change(0, 2, "completed"), ...rows.slice(1)]));
    expect(drawn.mock.calls.length - before).toBe(2);
    expect(listed().slice(0, 3)).toEqual(["ref-99", "ref-0", "ref-1"]);
    expect(screen.getByText("Paid")).toBeTruthy();
    expect(screen.getByText("ref-1").closest("tr")).toBe(first);
  });

  it("of fifty other payouts are the same rows of the page with other words", () => {
    const table = (shown: Change[]) => <StreamTable caption="Latest" rows={shown} onOpen={() => undefined} />;
    const { rerender } = render(table(Array.from({ length: 50 }, (_, i) => change(i))));
    const before = screen.getAllByRole("row");
    rerender(table(Array.from({ length: 50 }, (_, i) => change(100 + i))));
    expect(listed()).toEqual(Array.from({ length: 50 }, (_, i) => `ref-${String(100 + i)}`));
    expect(screen.getAllByRole("row")).toEqual(before);
    expect(screen.getByText("ref-120").getAttribute("href")).toBe("/payments/payout-120?m=demo");
  });

  it("lead to the payout of this merchant: by click, double click and Enter, to the row that stands there now", () => {
    const [old, onOpen] = [vi.fn(), vi.fn()];
    const { rerender } = render(<StreamTable caption="Latest" rows={[change(1), change(2)]} onOpen={old} />);
    rerender(<StreamTable caption="Latest" rows={[change(3), change(1), change(2)]} onOpen={onOpen} />);
    const link = screen.getByRole("link", { name: "ref-1" });
    expect(link.getAttribute("href")).toBe("/payments/payout-1?m=demo");
    fireEvent.click(link);
    fireEvent.doubleClick(screen.getByText("ref-2"));
    fireEvent.click(screen.getByText("ref-2").closest("tr")!);
    expect(screen.getByText("ref-2").closest("tr")?.getAttribute("aria-current")).toBe("true");
    fireEvent.keyDown(document.body, { key: "k" });
    fireEvent.keyDown(document.body, { key: "k" });
    fireEvent.keyDown(document.body, { key: "Enter" });
    expect(onOpen.mock.calls).toEqual([["payout-1"], ["payout-2"], ["payout-3"]]);
    expect(old).not.toHaveBeenCalled();
  });

  it("keep the cursor on its payout when others come in before it, and on nothing when it has left", () => {
    const onOpen = vi.fn();
    const table = (shown: Change[]) => <StreamTable caption="Latest" rows={shown} onOpen={onOpen} />;
    const { rerender } = render(table([change(1), change(2)]));
    fireEvent.keyDown(document.body, { key: "j" });
    rerender(table([change(4), change(3), change(1), change(2)]));
    expect(screen.getByText("ref-1").closest("tr")?.getAttribute("aria-current")).toBe("true");
    fireEvent.keyDown(document.body, { key: "Enter" });
    rerender(table([change(6), change(5)]));
    fireEvent.keyDown(document.body, { key: "Enter" });
    expect(onOpen.mock.calls).toEqual([["payout-1"]]);
  });

  it("leave a click with a modifier to the browser", () => {
    const onOpen = vi.fn();
    render(<StreamTable caption="Latest" rows={[change(1)]} onOpen={onOpen} />);
    const isOurs = !fireEvent.click(screen.getByRole("link"), { ctrlKey: true });
    expect([isOurs, onOpen.mock.calls.length]).toEqual([false, 0]);
  });
});
