// A row as lists keep it: what is shown and no more, so that many fit (CON-11). Owns the form and how a change moves it on.
import type { Payout } from "~/api/typed";
import type { Change } from "~/feed/messages";

export interface Slim {
  id: string;
  row: number | null;
  batch: string | null;
  reference: string | null;
  payee: string;
  amount: string;
  currency: string;
  status: string;
  reason: string | null;
  code: string | null;
  why: string | null;
  version: number;
  updated: string;
}

export function slimOf(payout: Payout): Slim {
  return {
    id: payout.id,
    row: payout.row ?? null,
    batch: payout.batch_id ?? null,
    reference: payout.reference ?? null,
    payee: payeeOf(payout),
    amount: payout.amount,
    currency: payout.currency,
    status: payout.status,
    reason: payout.reason ?? null,
    code: payout.failure_code ?? null,
    why: payout.failure_reason ?? null,
    version: payout.version,
    updated: payout.updated_at,
  };
}

/** Who is paid, in one line: as the API shows it to this reader, masked or not. */
export function payeeOf(payout: Pick<Payout, "recipient_details" | "bank_account">): string {
  const sent = payout.recipient_details ?? {};
  const number =
    sent["msisdn"] ?? sent["phone"] ?? sent["iban"] ?? sent["account_number"] ?? payout.bank_account?.account_number;
  const name = sent["name"] ?? sent["holder"] ?? sent["bank_name"] ?? payout.bank_account?.holder;
  return [number, name].filter(Boolean).join(" ") || "not shown";
}

/** The row after a change; itself if the change is not newer (a repeat does no harm). */
export function moved(slim: Slim, change: Change): Slim {
  if (change.version <= slim.version) return slim;
  return {
    ...slim,
    reference: change.reference,
    amount: change.amount,
    currency: change.currency,
    status: change.status,
    reason: change.reason,
    code: change.failure_code,
    why: change.failure_reason,
    version: change.version,
    updated: change.updated_at,
  };
}

/** What a row takes in memory, roughly and rather too much: two bytes a character, and its object. */
export function weightOf(slim: Slim): number {
  const texts = [
    slim.id,
    slim.batch,
    slim.reference,
    slim.payee,
    slim.amount,
    slim.currency,
    slim.status,
    slim.reason,
    slim.code,
    slim.why,
    slim.updated,
  ];
  return 320 + texts.reduce((sum, text) => sum + 2 * (text?.length ?? 0), 0);
}
