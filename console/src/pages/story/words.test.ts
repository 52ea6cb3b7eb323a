// Words of stories: what is not known is never called safe, and a word of the future is shown as it is.
import { expect, it } from "vitest";
import { moneyMoved, payAgain, whoActs } from "~/pages/story/words";

it("says who must act, and that nobody must once it has ended", () => {
  expect(whoActs("merchant", false)).toBe("the merchant");
  expect(whoActs("nobody", false)).toContain("by itself");
  expect(whoActs("nobody", true)).toBe("nobody");
  expect(whoActs("regulator", false)).toBe("regulator");
});

it("never calls the unknown moved or not moved", () => {
  expect(moneyMoved("unknown", false)).toBe("not known");
  expect(moneyMoved("unknown", true)).toBe("not known");
  expect(payAgain(false)).toContain("not safe");
});
