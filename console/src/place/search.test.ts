// Addresses hold text (CON-13, CON-21): what looks like a number stays what was written.
import { expect, it } from "vitest";
import { filtersOf } from "~/place/filters";
import { parseSearch, writeSearch } from "~/place/search";

it("keeps amounts and long references as they were written", () => {
  const search = parseSearch("?m=123&min_amount=100.50&reference=12345678901234567890&unknown=1");
  expect(search["m"]).toBe("123");
  expect(filtersOf(search)).toEqual({ min_amount: "100.50", reference: "12345678901234567890" });
});
it("comes back the same, without what is empty", () => {
  const search = { m: "demo", status: "failed,returned", reference: "a b&c", sel: undefined, sort: "" };
  expect(parseSearch(writeSearch(search))).toEqual({ m: "demo", status: "failed,returned", reference: "a b&c" });
  expect(writeSearch({})).toBe("");
});
