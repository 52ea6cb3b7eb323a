// What is chosen and typed for a batch before it is sent, and the request that it becomes (CON-09). Owns the shape; money stays text.
// Must not send. The file itself is not kept: after a reload the same file is chosen again, under the same key.
import { faultOf } from "~/money/amount";

export interface TypedRow {
  amount: string;
  currency: string;
  payee: string;
  reference: string;
}

export interface SubmitDraft {
  way: "file" | "rows";
  name: string;
  currency: string;
  numberFormat: string;
  onInvalid: "reject_all" | "accept_valid";
  funding: "all_or_nothing" | "as_available";
  onRowFailure: "continue" | "stop";
  rowCount: string;
  total: string;
  override: string;
  mapping: Record<string, string>;
  rows: TypedRow[];
  file: { name: string; size: number } | null;
}

export const EMPTY_ROW: TypedRow = { amount: "", currency: "", payee: "", reference: "" };
export const EMPTY: SubmitDraft = {
  way: "file",
  name: "",
  currency: "",
  numberFormat: "",
  onInvalid: "reject_all",
  funding: "all_or_nothing",
  onRowFailure: "continue",
  rowCount: "",
  total: "",
  override: "",
  mapping: {},
  rows: [EMPTY_ROW],
  file: null,
};

/** The forms of numbers that an upload may name; "" leaves plain ones, and asks where it can be read two ways. */
export const NUMBER_FORMATS = ["1000.00", "1,000.00", "1.000,00", "1 000,00", "1 000.00", "1'000.00", "1,00,000.00"];

/** The fields that a column can stand for, by the API's own names. */
export const FIELDS = [
  "amount",
  "currency",
  "msisdn",
  "iban",
  "account_number",
  "name",
  "reference",
  "description",
  "bic",
  "ifsc",
  "bank_name",
  "ignore",
];

export function isSubmitDraft(value: unknown): value is SubmitDraft {
  const found = value as Partial<SubmitDraft> | null;
  const isWhole = typeof found?.funding === "string" && typeof found.onRowFailure === "string";
  return isWhole && typeof found.way === "string" && Array.isArray(found.rows) && typeof found.mapping === "object";
}

export function formOf(draft: SubmitDraft, file: File): FormData {
  const form = new FormData();
  const fields = {
    name: draft.name,
    currency: draft.currency,
    number_format: draft.numberFormat,
    on_invalid_rows: draft.onInvalid,
    ...payOptions(draft),
    row_count: draft.rowCount,
    total: draft.total,
    override_duplicate: draft.override,
    mapping: Object.keys(draft.mapping).length ? JSON.stringify(draft.mapping) : "",
  };
  for (const [name, value] of Object.entries(fields)) if (value.trim()) form.set(name, value.trim());
  form.set("file", file);
  return form;
}

/** What was chosen other than usual (BAT-10). */
function payOptions({ funding, onRowFailure }: SubmitDraft): Record<string, string> {
  return {
    ...(funding === EMPTY.funding ? {} : { funding }),
    ...(onRowFailure === EMPTY.onRowFailure ? {} : { on_row_failure: onRowFailure }),
  };
}

/** The rows that say anything. */
export function filled(rows: readonly TypedRow[]): TypedRow[] {
  return rows.filter((row) => Object.values(row).some((value) => value.trim() !== ""));
}

export function bodyOf(draft: SubmitDraft): object {
  const rows = filled(draft.rows).map((row) => ({
    amount: row.amount.trim(),
    currency: (row.currency || draft.currency).trim().toUpperCase(),
    recipient_details: row.payee.trim().startsWith("+")
      ? { msisdn: row.payee.trim() }
      : { account_number: row.payee.trim() },
    ...(row.reference.trim() ? { reference: row.reference.trim() } : {}),
  }));
  return { ...(draft.name.trim() ? { name: draft.name.trim() } : {}), ...payOptions(draft), rows };
}

/** What is wrong with a typed row, by field, before it is sent. */
export function rowFaults(row: TypedRow, currency: string): Partial<Record<keyof TypedRow, string>> {
  const amount = faultOf(row.amount);
  return {
    ...(amount ? { amount } : {}),
    ...(/^[A-Za-z]{3}$/.test((row.currency || currency).trim()) ? {} : { currency: "Three letters." }),
    ...(row.payee.trim().length >= 5 ? {} : { payee: "Enter an account number or a wallet with +." }),
  };
}

/** Why the draft cannot be sent yet; null if it can. The server checks everything anew. */
export function whyNotYet(draft: SubmitDraft, file: File | null): string | null {
  if (draft.way === "file") return file ? null : "Choose a file.";
  const rows = filled(draft.rows);
  if (rows.length === 0) return "Type at least one row.";
  const bad = rows.filter((row) => Object.keys(rowFaults(row, draft.currency)).length).length;
  return bad ? `${String(bad)} of ${String(rows.length)} rows need mending.` : null;
}
