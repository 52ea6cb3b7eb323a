// An amount with its currency code, grouped as the reader does, right-aligned by the cell it stands in (CON-24). Must not compute.
import { grouped } from "~/money/amount";

export function Money({ amount, currency }: { amount: string; currency: string }) {
  return (
    <span className="money">
      {grouped(amount)} <span className="code">{currency}</span>
    </span>
  );
}

/** Several currencies under one another: sums are never mixed. */
export function Sums({
  items,
  none = "nothing",
}: {
  items: readonly { amount: string; currency: string }[];
  none?: string;
}) {
  if (items.length === 0) return <span className="faint">{none}</span>;
  return (
    <span className="sums">
      {items.map((item) => (
        <Money key={item.currency} {...item} />
      ))}
    </span>
  );
}
