// Typing rows (CON-09): Enter in the last row makes another one, so that the keyboard is enough. Owns the sheet. Money is text.
import type { KeyboardEvent } from "react";
import { rowsOf, sums } from "~/money/amount";
import { EMPTY_ROW, filled, rowFaults, type SubmitDraft, type TypedRow } from "~/pages/submit/draft";
import { PayOptions } from "~/pages/submit/PayOptions";
import { CurrencyField } from "~/parts/CurrencyField";
import { Field } from "~/parts/Field";
import { Sums } from "~/parts/Money";

const COLUMNS: [keyof TypedRow, string][] = [
  ["amount", "Amount"],
  ["currency", "Currency"],
  ["payee", "Account number, or wallet with +"],
  ["reference", "Reference"],
];

export function RowsStep({ draft, change }: { draft: SubmitDraft; change: (draft: SubmitDraft) => void }) {
  const put = (index: number, part: Partial<TypedRow>) =>
    change({ ...draft, rows: draft.rows.map((row, at) => (at === index ? { ...row, ...part } : row)) });
  const add = () => change({ ...draft, rows: [...draft.rows, EMPTY_ROW] });
  const onKey = (event: KeyboardEvent, index: number) => {
    if (event.key !== "Enter" || index !== draft.rows.length - 1) return;
    event.preventDefault();
    add();
  };
  return (
    <section className="panel" aria-label="Rows">
      <h2>Rows</h2>
      <div className="row">
        <Field name="Name of the batch">
          {(props) => (
            <input {...props} value={draft.name} onChange={(event) => change({ ...draft, name: event.target.value })} />
          )}
        </Field>
        <CurrencyField
          name="Currency of rows that name none"
          value={draft.currency}
          onChange={(currency) => change({ ...draft, currency })}
        />
        <PayOptions draft={draft} change={change} />
      </div>
      <table className="table">
        <caption className="hidden">Rows to be paid</caption>
        <thead>
          <tr>
            <th scope="col">Row</th>
            {COLUMNS.map(([name, words]) => (
              <th key={name} scope="col">
                {words}
              </th>
            ))}
            <th scope="col">Remove</th>
          </tr>
        </thead>
        <tbody>
          {draft.rows.map((row, index) => (
            <tr key={index} onKeyDown={(event) => onKey(event, index)}>
              <td>{index + 1}</td>
              {COLUMNS.map(([name, words]) => (
                <Cell
                  key={name}
                  row={row}
                  name={name}
                  words={`${words}, row ${String(index + 1)}`}
                  draft={draft}
                  put={(value) => put(index, { [name]: value })}
                />
              ))}
              <td>
                <button
                  type="button"
                  className="button quiet"
                  aria-label={`Remove row ${String(index + 1)}`}
                  onClick={() => change({ ...draft, rows: draft.rows.filter((_, at) => at !== index) })}
                >
                  ✕
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <button type="button" className="button" onClick={add}>
        Add a row
      </button>
    </section>
  );
}

function Cell({
  row,
  name,
  words,
  draft,
  put,
}: {
  row: TypedRow;
  name: keyof TypedRow;
  words: string;
  draft: SubmitDraft;
  put: (value: string) => void;
}) {
  const isUsed = filled([row]).length > 0;
  const fault = isUsed ? rowFaults(row, draft.currency)[name] : undefined;
  return (
    <td data-label={words}>
      <input
        aria-label={words}
        aria-invalid={Boolean(fault)}
        title={fault}
        value={row[name]}
        placeholder={name === "currency" ? draft.currency : undefined}
        size={name === "currency" ? 5 : 16}
        inputMode={name === "amount" ? "decimal" : undefined}
        onChange={(event) => put(event.target.value)}
      />
      {fault ? <div className="field-fault">{fault}</div> : null}
    </td>
  );
}

/** What the typed rows come to, per currency, exact; only rows that can be sent are summed. */
export function TypedSums({ draft }: { draft: SubmitDraft }) {
  const good = filled(draft.rows).filter((row) => Object.keys(rowFaults(row, draft.currency)).length === 0);
  const items = sums(
    good.map((row) => ({ amount: row.amount.trim(), currency: (row.currency || draft.currency).toUpperCase() })),
  );
  return (
    <p>
      {rowsOf(good.length)}, <Sums items={items} />
    </p>
  );
}
