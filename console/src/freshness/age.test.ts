// Freshness in words (CON-15).
import { expect, it } from "vitest";
import { ageInWords, freshnessOf, waitReason } from "~/freshness/age";

it("is fresh under 5 s, stale under 30 s, then critical", () => {
  expect([0, 4_999, 5_000, 29_999, 30_000, null].map(freshnessOf)).toEqual([
    "fresh",
    "fresh",
    "stale",
    "stale",
    "critical",
    "unknown",
  ]);
});
it("is told in words", () => {
  expect([1_000, 12_000, 200_000, 9_000_000, null].map(ageInWords)).toEqual([
    "fresh",
    "stale, 12 s old",
    "critical, 3 min old",
    "critical, 2 h old",
    "age unknown",
  ]);
});
it("holds back acts that need fresh data, and says why", () => {
  expect(waitReason(100)).toBeNull();
  expect(waitReason(40_000)).toContain("critical, 40 s old");
});
