// A settlement date is late once its day has passed, not when it begins (CON-08).
import { expect, it } from "vitest";
import { countdown } from "~/pages/payouts/Timeline";

it.each([
  ["2026-11-21T21:00:00Z", "in 3 h 0 min"],
  ["2026-11-22T00:00:00Z", "today"],
  ["2026-11-22T23:59:59Z", "today"],
  ["2026-11-23T02:00:00Z", "late for 2 h 0 min"],
])("at %s: %s", (now, words) => expect(countdown("2026-11-22", Date.parse(now))).toBe(words));
