// As of when an answer is true, whatever the browser's clock says (CON-15).
import { expect, it } from "vitest";
import { fromViews } from "~/freshness/source";

const at = Date.parse("2026-11-22T10:00:00Z");
const told = (timestamp: string, max_age_ms: number) => ({ freshness: { timestamp, source: "projection", max_age_ms } });

it("is the server's time, or earlier where the browser's clock is behind it", () => {
  expect(fromViews(told("2026-11-22T09:59:30Z", 30_000), at).asOf).toBe(at - 30_000);
  expect(fromViews(told("2026-11-22T10:04:30Z", 30_000), at).asOf).toBe(at - 30_000);
  expect(fromViews(told("2026-11-22T09:50:00Z", 30_000), at).asOf).toBe(at - 600_000);
  expect(fromViews(told("no time", 5_000), at).asOf).toBe(at - 5_000);
  expect(fromViews({}, at).asOf).toBe(at);
});
