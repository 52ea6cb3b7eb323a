// Money is exact text: grouping, sums and typed amounts (CON-24, CON-13).
import { describe, expect, it } from "vitest";
import { faultOf, fromMinor, grouped, rowsOf, sum, sums, toMinor } from "~/money/amount";

describe("shown amounts", () => {
  it("keep every digit beyond what a float can hold", () => {
    expect(grouped("9007199254740993.07", "en-US")).toBe("9,007,199,254,740,993.07");
  });
  it("are grouped as the reader does", () => {
    expect(grouped("1234567.50", "en-IN")).toBe("12,34,567.50");
    expect(grouped("1234567.50", "de-DE")).toBe("1.234.567,50");
  });
  it("keep the decimals of their currency, also none and three", () => {
    expect([grouped("1500", "en-US"), grouped("1.500", "en-US"), grouped("-2.50", "en-US")]).toEqual([
      "1,500",
      "1.500",
      "-2.50",
    ]);
  });
  it("are left alone where they are none", () => {
    expect(grouped("n/a", "en-US")).toBe("n/a");
  });
});

describe("sums", () => {
  it("are exact", () => {
    expect(sum(["0.10", "0.20"])).toBe("0.30");
    expect(sum(["9007199254740993.01", "-0.02"])).toBe("9007199254740992.99");
    expect(sum([])).toBe("0");
  });
  it("never mix currencies", () => {
    const items = [
      { amount: "1.00", currency: "USD" },
      { amount: "5", currency: "JPY" },
      { amount: "2.50", currency: "USD" },
    ];
    expect(sums(items)).toEqual([
      { currency: "JPY", amount: "5" },
      { currency: "USD", amount: "3.50" },
    ]);
  });
  it("refuse what is no amount", () => {
    expect(() => sum(["1e3"])).toThrow(RangeError);
    expect(() => toMinor("1.005", 2)).toThrow(RangeError);
    expect(fromMinor(-5n, 2)).toBe("-0.05");
  });
});

describe("typed amounts", () => {
  it.each(["", "1,000", "1.00001", "abc", "-5", "0", "0.00", "1e3", " "])("refuse %j", (typed) => {
    expect(faultOf(typed)).not.toBeNull();
  });
  it.each(["1", "100.50", "0.01", " 7.25 "])("take %j", (typed) => {
    expect(faultOf(typed)).toBeNull();
  });
});

it("counts rows in words", () => {
  expect([rowsOf(1), rowsOf(240)]).toEqual(["1 row", "240 rows"]);
});
