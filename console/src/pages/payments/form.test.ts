// What is typed becomes a request with money as text (CON-13).
import { expect, it } from "vitest";
import { EMPTY, faultsOf, isPaymentDraft, magicPayee, requestOf } from "~/pages/payments/form";

const draft = {
  ...EMPTY,
  amount: " 9007199254740993.07 ",
  currency: "KES",
  payee: "+254712345678",
  kind: "mobile_money" as const,
  name: "Ama",
};

it("sends money as the text that was typed", () => {
  const request = requestOf(draft);
  expect(request.amount).toBe("9007199254740993.07");
  expect(request).not.toHaveProperty("amount_minor");
  expect(request.recipient_details).toEqual({ type: "mobile_money", msisdn: "+254712345678", name: "Ama" });
});
it("names a saved account by its id alone", () => {
  const request = requestOf({ ...draft, kind: "saved", payee: "aaaaaaaa-0001-4000-8000-000000000001" });
  expect(request).toMatchObject({ bank_account_id: "aaaaaaaa-0001-4000-8000-000000000001" });
  expect(request).not.toHaveProperty("recipient_details");
});
it("names the fields that are missing", () => {
  expect(Object.keys(faultsOf(EMPTY))).toEqual(["amount", "currency", "payee"]);
  expect(faultsOf(draft)).toEqual({});
});
it("knows its own drafts", () => {
  expect([isPaymentDraft(EMPTY), isPaymentDraft({ amount: 1 }), isPaymentDraft(null)]).toEqual([true, false, false]);
});
it("drives the simulator by the payee", () => {
  expect([magicPayee("mobile_money", "0003"), magicPayee("bank_account", "0003")]).toEqual([
    "+256700000003",
    "999900000003",
  ]);
});
