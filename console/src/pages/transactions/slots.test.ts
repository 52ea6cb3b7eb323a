// Rows of the page keep to their payouts, and are handed on where all of them are new.
import { expect, it } from "vitest";
import { Slots } from "~/pages/transactions/slots";

it("who is listed still keeps its slot, and new ones get one of their own", () => {
  const slots = new Slots();
  const [a, b] = slots.of(["a", "b"]);
  expect(slots.of(["c", "a", "b"]).slice(1)).toEqual([a, b]);
  const now = slots.of(["d", "c", "b"]);
  expect([new Set(now).size, now[2], now.includes(a ?? 0)]).toEqual([3, b, false]);
});

it("where nobody is listed any more the new ones take the slots over, in their order", () => {
  const slots = new Slots();
  const before = slots.of(["a", "b", "c"]);
  expect(slots.of(["d", "e", "f"])).toEqual(before);
  expect(slots.of(["d", "e", "f"])).toEqual(before);
  expect(slots.of(["g"])).toEqual(before.slice(0, 1));
  const more = slots.of(["h", "i"]);
  expect([more[0], new Set(more).size]).toEqual([before[0], 2]);
});
