// Who waits behind "N new" of a list: also rows that were there before and came into it by their new state (CON-10).
import { expect, it } from "vitest";
import type { Change } from "~/feed/messages";
import { comes } from "~/pages/payouts/PayoutList";
import { mayFit, unseen, waiting } from "~/rows/comers";

const change = (id: string, status: string) => ({ id, status, reason: null, currency: "UGX" }) as Change;
const failures = { status: "failed,requires_action" };

it("are those that a list of a state gains, whenever they were made, and not those it does not want", () => {
  expect(comes(failures, change("1", "failed"), "5")).toBe(true);
  expect(comes(failures, change("9", "completed"), "5")).toBe(false);
  expect([comes({}, change("1", "failed"), "5"), comes({}, change("9", "pending"), "5")]).toEqual([false, true]);
  expect(mayFit({ currency: "ugx" }, change("1", "failed"))).toBe(true);
});
it("are those that a list of what needs somebody gains, as they fail, come back or begin to wait for money", () => {
  const needed = { attention: "action_required,warning" };
  const waits = { ...change("1", "pending"), reason: "funds" } as Change;
  expect([change("1", "returned"), change("1", "failed"), waits].map((one) => comes(needed, one, "5"))).toEqual([
    true,
    true,
    true,
  ]);
  expect([change("9", "pending"), change("9", "completed")].map((one) => comes(needed, one, "5"))).toEqual([false, false]);
});
it("come and go as they move on, each counted once, and not if they are shown meanwhile", () => {
  const comesIn = (one: Change) => mayFit({ status: "processing" }, one);
  const one = waiting(new Set(), [change("a", "processing"), change("b", "processing"), change("a", "processing")], comesIn);
  expect([...one]).toEqual(["a", "b"]);
  expect(waiting(one, [change("a", "processing"), change("c", "failed")], comesIn)).toBe(one);
  expect([...waiting(one, [change("a", "completed")], comesIn)]).toEqual(["b"]);
  expect(unseen(one, (id) => id === "b")).toBe(1);
});
