// Times in the chosen zone (CON-24).
import { describe, expect, it } from "vitest";
import { absolute, isZone, relative, span, startOfDay, zoneName } from "~/time/zone";

const AT = Date.parse("2026-11-21T14:03:09Z");

describe("moments", () => {
  it("are written in the zone", () => {
    expect(absolute(AT, "UTC")).toBe("2026-11-21 14:03:09");
    expect(absolute(AT, "Asia/Kolkata")).toBe("2026-11-21 19:33:09");
  });
  it("of one second are written once, and each second and zone anew", () => {
    expect([AT, AT + 999, AT + 1_000, AT].map((at) => absolute(at, "UTC").slice(-2))).toEqual(["09", "09", "10", "09"]);
    expect(absolute(AT, "Asia/Kolkata").slice(11)).toBe("19:33:09");
  });
  it("are relative under a day, absolute after", () => {
    expect(relative(AT, AT + 500, "UTC")).toBe("just now");
    expect(relative(AT, AT + 125_000, "UTC")).toBe("2 min ago");
    expect(relative(AT, AT + 7_500_000, "UTC")).toBe("2 h 5 min ago");
    expect(relative(AT, AT + 90_000_000, "UTC")).toBe("2026-11-21 14:03:09");
  });
  it("begin their day in the zone, also where the clocks changed that day", () => {
    expect(startOfDay(AT, "UTC")).toBe("2026-11-21T00:00:00.000Z");
    expect(startOfDay(AT, "Asia/Kolkata")).toBe("2026-11-20T18:30:00.000Z");
    expect(startOfDay(Date.parse("2026-03-29T10:00:00Z"), "Europe/Berlin")).toBe("2026-03-28T23:00:00.000Z");
    expect(startOfDay(Date.parse("2026-10-25T10:00:00Z"), "Europe/Berlin")).toBe("2026-10-24T22:00:00.000Z");
  });
});

describe("zones and spans", () => {
  it("name the merchant's zone, UTC until it is known", () => {
    expect([zoneName("merchant", null), zoneName("merchant", "Africa/Nairobi"), zoneName("utc", "x")]).toEqual([
      "UTC",
      "Africa/Nairobi",
      "UTC",
    ]);
    expect([isZone("Africa/Nairobi"), isZone("Mars/Base")]).toEqual([true, false]);
  });
  it("are told in two steps", () => {
    expect([span(45_000), span(720_000), span(90_000_000), span(-5)]).toEqual(["45 s", "12 min", "1 d 1 h", "0 s"]);
  });
});
