// Gross, fees, net, paid and settled of a batch per currency, as the server told them (CON-08). Must not add anything up.
import type { Batch } from "~/api/typed";
import { Money } from "~/parts/Money";
import { currenciesOf, SUMS, sumsOf } from "~/pages/payouts/sums";

export function SumTable({ batch }: { batch: Pick<Batch, "sums"> }) {
  const currencies = currenciesOf(batch);
  if (currencies.length === 0) return null;
  return (
    <div className="table-room" tabIndex={0} role="group" aria-label="Sums">
      <table className="table">
        <caption className="hidden">Sums of the batch per currency</caption>
        <thead>
          <tr>
            {SUMS.map((name) => (
              <th key={name} scope="col" className="right">
                {name[0]?.toUpperCase()}
                {name.slice(1)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {currencies.map((currency) => (
            <tr key={currency}>
              {SUMS.map((name) => (
                <td key={name} className="right" data-label={name}>
                  <Money
                    amount={sumsOf(batch, name).find((one) => one.currency === currency)?.amount ?? "0"}
                    currency={currency}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
