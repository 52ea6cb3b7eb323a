// Reading a batch's sums: per currency, as the server told them. Owns the names of the sums. Must not add anything up.
import type { Batch } from "~/api/typed";

export const SUMS = ["gross", "fees", "net", "paid", "settled"] as const;
export type SumName = (typeof SUMS)[number];

export function sumsOf(batch: Pick<Batch, "sums">, name: SumName): { currency: string; amount: string }[] {
  return batch.sums.flatMap((one) => {
    const [amount, currency] = [one[name], one["currency"]];
    return typeof amount === "string" && typeof currency === "string" ? [{ amount, currency }] : [];
  });
}

export function currenciesOf(batch: Pick<Batch, "sums">): string[] {
  return batch.sums.flatMap((one) => (typeof one["currency"] === "string" ? [one["currency"]] : []));
}

/** The sum of one state in one currency, as told; null where there is none. */
export function sumOfState(batch: Pick<Batch, "sums">, currency: string, status: string): string | null {
  const found = batch.sums.find((one) => one["currency"] === currency)?.["by_status"] as
    Record<string, { amount?: string }> | undefined;
  return found?.[status]?.amount ?? null;
}
