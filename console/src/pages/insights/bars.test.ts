// Bars: heights follow counts, and nothing that happened is too small to be seen (CON-20).
import { describe, expect, it } from "vitest";
import { stacked } from "~/pages/insights/Bars";

const bar = (paid: number, failed: number) => ({
  at: "2026-11-21T00:00:00Z",
  parts: [
    { name: "Paid", tone: "good" as const, number: paid },
    { name: "Failed", tone: "bad" as const, number: failed },
  ],
});

describe("a bar", () => {
  it("stacks its parts in proportion", () => {
    const [paid, failed] = stacked(bar(300, 100), 400);
    expect(paid!.height / failed!.height).toBeCloseTo(3);
    expect(failed!.top).toBeCloseTo(paid!.height + failed!.height);
  });
  it("shows one failure among a hundred thousand, and none for none", () => {
    expect(stacked(bar(100_000, 1), 100_001)[1]!.height).toBe(2);
    expect(stacked(bar(5, 0), 5)[1]!.height).toBe(0);
  });
});
