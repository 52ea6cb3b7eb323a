// What is typed for one payment, and the request that it becomes. Owns the form's shape; money stays text (CON-13). Must not send.
import { faultOf } from "~/money/amount";
import type { Schemas } from "~/api/typed";

export interface PaymentDraft {
  amount: string;
  currency: string;
  kind: "bank_account" | "mobile_money" | "saved";
  payee: string;
  name: string;
  reference: string;
  description: string;
  whenShort: "refuse" | "wait";
}

export const EMPTY: PaymentDraft = {
  amount: "",
  currency: "",
  kind: "bank_account",
  payee: "",
  name: "",
  reference: "",
  description: "",
  whenShort: "refuse",
};

export function isPaymentDraft(value: unknown): value is PaymentDraft {
  const found = value as Partial<Record<keyof PaymentDraft, unknown>> | null;
  return (
    found !== null &&
    typeof found === "object" &&
    Object.keys(EMPTY).every((name) => typeof found[name as keyof PaymentDraft] === "string")
  );
}

/** The request as it is sent: members that may be left out are left out; the document marks those with a default as always there. */
export type PaymentRequest = Partial<Omit<Schemas["PayoutRequest"], "recipient_details">> & {
  recipient_details?: Record<string, string>;
};

/** Why it cannot be sent yet, by field; empty if it can. The server has the last word. */
export function faultsOf(draft: PaymentDraft): Partial<Record<keyof PaymentDraft, string>> {
  const amount = faultOf(draft.amount);
  return {
    ...(amount ? { amount } : {}),
    ...(/^[A-Z]{3}$/.test(draft.currency) ? {} : { currency: "Three letters, such as KES." }),
    ...(draft.payee.trim() ? {} : { payee: draft.kind === "saved" ? "Choose an account." : "Enter who is paid." }),
  };
}

export function requestOf(draft: PaymentDraft): PaymentRequest {
  const text = (value: string) => value.trim() || undefined;
  const payee =
    draft.kind === "saved"
      ? { bank_account_id: draft.payee }
      : { recipient_details: recipientOf(draft.kind, draft.payee.trim(), text(draft.name)) };
  return {
    amount: draft.amount.trim(),
    currency: draft.currency,
    ...(text(draft.reference) ? { reference: text(draft.reference) } : {}),
    ...(text(draft.description) ? { description: text(draft.description) } : {}),
    on_insufficient_funds: draft.whenShort,
    ...payee,
  } as PaymentRequest;
}

function recipientOf(type: "bank_account" | "mobile_money", number: string, name: string | undefined) {
  const place = type === "mobile_money" ? { msisdn: number } : { account_number: number };
  return { type, ...place, ...(name ? { name } : {}) };
}

/** The simulator's magic payees (docs/simulator.md): the outcome is driven by who is paid. Offered in open mode only. */
export const MAGIC: { ending: string; words: string }[] = [
  { ending: "0001", words: "fails for good" },
  { ending: "0002", words: "fails twice, then is paid" },
  { ending: "0003", words: "hangs: the outcome stays unknown" },
  { ending: "0004", words: "is paid, but the answer never comes" },
  { ending: "0005", words: "is paid 5 s later" },
  { ending: "0007", words: "fails every time, retried" },
  { ending: "0012", words: "in progress, then fails for good" },
  { ending: "0016", words: "unknown at first, paid from 6 s on" },
];

export function magicPayee(kind: PaymentDraft["kind"], ending: string): string {
  return kind === "mobile_money" ? `+25670000${ending}` : `99990000${ending}`;
}
