// Money as text (CON-24, CON-13): shown with its currency and the reader's grouping, typed and summed without a float.
// Owns exactness. Must not know where amounts come from; how many decimals a currency has is the server's word, told in the text itself.

const FORM = /^-?\d+(\.\d+)?$/;

/** "1234567.50" as the reader groups it, the decimals as they came; what is no amount is shown as it is. */
export function grouped(amount: string, locale?: string): string {
  if (!FORM.test(amount)) return amount;
  return formatterOf(locale, decimalsOf(amount)).format(amount as Intl.StringNumericLiteral);
}

/** Making a formatter costs many times what using it does, and a list writes hundreds of amounts a second. */
const formatters = new Map<string, Intl.NumberFormat>();

function formatterOf(locale: string | undefined, digits: number): Intl.NumberFormat {
  const name = `${locale ?? ""} ${String(digits)}`;
  const known = formatters.get(name);
  if (known) return known;
  const made = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  formatters.set(name, made);
  return made;
}

export function decimalsOf(amount: string): number {
  return amount.split(".")[1]?.length ?? 0;
}

/** The sum of amounts of one currency, exact. Throws RangeError for what is no amount. */
export function sum(amounts: readonly string[]): string {
  const digits = Math.max(0, ...amounts.map(decimalsOf));
  return fromMinor(
    amounts.reduce((total, amount) => total + toMinor(amount, digits), 0n),
    digits,
  );
}

/** An amount in units of its last decimal. Throws RangeError for what is no amount, or has more decimals. */
export function toMinor(amount: string, digits: number): bigint {
  if (!FORM.test(amount) || decimalsOf(amount) > digits)
    throw new RangeError(`not an amount with ${String(digits)} decimals: ${amount}`);
  const [whole = "0", decimals = ""] = amount.replace("-", "").split(".");
  const minor = BigInt(whole + decimals.padEnd(digits, "0"));
  return amount.startsWith("-") ? -minor : minor;
}

export function fromMinor(minor: bigint, digits: number): string {
  const text = (minor < 0n ? -minor : minor).toString().padStart(digits + 1, "0");
  const cut = text.length - digits;
  return `${minor < 0n ? "-" : ""}${text.slice(0, cut)}${digits ? `.${text.slice(cut)}` : ""}`;
}

/** Sums per currency, in the order of the codes. */
export function sums(items: readonly { amount: string; currency: string }[]): { currency: string; amount: string }[] {
  const byCurrency = new Map<string, string[]>();
  for (const item of items) byCurrency.set(item.currency, [...(byCurrency.get(item.currency) ?? []), item.amount]);
  return [...byCurrency.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, amounts]) => ({ currency, amount: sum(amounts) }));
}

/** Why a typed amount cannot be sent, or null. The server has the last word; this only spares a round trip. */
export function faultOf(typed: string): string | null {
  if (typed.trim() === "") return "Enter an amount.";
  if (!/^\d{1,18}(\.\d{1,4})?$/.test(typed.trim()))
    return "Write it as digits with a point before the decimals, such as 100.50.";
  return /^0+(\.0+)?$/.test(typed.trim()) ? "Enter more than zero." : null;
}

/** `1 row`, `240 rows`. */
export function rowsOf(number: number): string {
  return `${count(number)} ${number === 1 ? "row" : "rows"}`;
}

/** A count as the reader groups it. */
export function count(number: number, locale?: string): string {
  return formatterOf(locale, 0).format(number);
}
