// What was sent and not answered is asked for again also on a page that follows nothing (CON-17).
import { cleanup, render } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { outbox } from "~/sending/outbox";
import { OfflineBanner } from "~/shell/OfflineBanner";

const line = { kind: "idle", online: false };
vi.mock("~/feed/context", () => ({ useConnection: () => ({ kind: line.kind }), useOnline: () => line.online }));
vi.mock("~/place/merchant", () => ({ useMerchant: () => "demo" }));

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

it("at once when the network is back, and then now and then until it is answered", () => {
  const flush = vi.spyOn(outbox, "flush").mockResolvedValue();
  outbox.add({ key: "k", words: "Pay 5.00 USD", asked: { method: "POST", path: "/x" }, sentAt: 1 });
  const { rerender } = render(<OfflineBanner />);
  expect(flush).not.toHaveBeenCalled();
  line.online = true;
  rerender(<OfflineBanner key="again" />);
  expect(flush).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(20_000);
  expect(flush).toHaveBeenCalledTimes(3);
});
