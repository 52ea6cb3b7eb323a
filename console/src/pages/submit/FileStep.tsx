// Choosing a file, what its columns mean, and a look at its beginning (CON-09). Owns these fields. Must not read the file beyond its beginning.
import { useEffect, useState } from "react";
import { download } from "~/api/download";
import { CurrencyField } from "~/parts/CurrencyField";
import { Field } from "~/parts/Field";
import { FIELDS, NUMBER_FORMATS, type SubmitDraft } from "~/pages/submit/draft";
import { PayOptions } from "~/pages/submit/PayOptions";
import { LOOKED_AT, previewOf, type Preview } from "~/pages/submit/preview";
import { TroubleNotice } from "~/parts/TroubleNotice";
import { useMerchant } from "~/place/merchant";

interface FileStepProps {
  draft: SubmitDraft;
  change: (draft: SubmitDraft) => void;
  file: File | null;
  onFile: (file: File | null) => void;
}

export function FileStep({ draft, change, file, onFile }: FileStepProps) {
  const preview = usePreview(file);
  const choose = (chosen: File | null) => {
    onFile(chosen);
    change({ ...draft, file: chosen ? { name: chosen.name, size: chosen.size } : null, mapping: {} });
  };
  return (
    <>
      <section className="panel" aria-label="The file">
        <h2>The file</h2>
        <div className="row top-aligned">
          <Field name="CSV, XLSX or pain.001, up to 200 MiB">
            {(props) => (
              <input
                {...props}
                type="file"
                accept=".csv,.txt,.xlsx,.xml"
                onChange={(event) => choose(event.target.files?.[0] ?? null)}
              />
            )}
          </Field>
          <Template />
        </div>
        {draft.file && !file ? (
          <p className="faint">
            Chosen before: {draft.file.name}, {draft.file.size} bytes. A page that was loaded again needs the same file
            again; its key is kept.
          </p>
        ) : null}
      </section>
      <Options draft={draft} change={change} />
      {file ? <Look preview={preview} draft={draft} change={change} /> : null}
    </>
  );
}

function usePreview(file: File | null): Preview | null {
  const [preview, setPreview] = useState<Preview | null>(null);
  useEffect(() => {
    let isCurrent = true;
    setPreview(null);
    void file
      ?.slice(0, LOOKED_AT)
      .text()
      .then((text) => isCurrent && setPreview(previewOf(text, file.size > LOOKED_AT)));
    return () => void (isCurrent = false);
  }, [file]);
  return preview;
}

function Template() {
  const merchant = useMerchant();
  const [error, setError] = useState<unknown>(null);
  return (
    <>
      <button
        type="button"
        className="button"
        onClick={() => void download("/api/v1/uploads/template/", { merchant, query: { format: "csv" } }).catch(setError)}
      >
        Download an empty CSV
      </button>
      {error ? <TroubleNotice error={error} /> : null}
    </>
  );
}

function Options({ draft, change }: { draft: SubmitDraft; change: (draft: SubmitDraft) => void }) {
  const put = (part: Partial<SubmitDraft>) => change({ ...draft, ...part });
  return (
    <section className="panel" aria-label="How to read it">
      <h2>How to read it</h2>
      <div className="filters">
        <Field name="Name of the batch">
          {(props) => <input {...props} value={draft.name} onChange={(event) => put({ name: event.target.value })} />}
        </Field>
        <CurrencyField
          name="Currency of rows that name none"
          value={draft.currency}
          onChange={(currency) => put({ currency })}
        />
        <Field name="Numbers are written">
          {(props) => (
            <select {...props} value={draft.numberFormat} onChange={(event) => put({ numberFormat: event.target.value })}>
              <option value="">plainly; ask where unclear</option>
              {NUMBER_FORMATS.map((format) => (
                <option key={format}>{format}</option>
              ))}
            </select>
          )}
        </Field>
        <Field name="If some rows are wrong">
          {(props) => (
            <select
              {...props}
              value={draft.onInvalid}
              onChange={(event) => put({ onInvalid: event.target.value as SubmitDraft["onInvalid"] })}
            >
              <option value="reject_all">take none of them</option>
              <option value="accept_valid">pay the valid ones</option>
            </select>
          )}
        </Field>
        <PayOptions draft={draft} change={change} />
        <Field name="Number of rows it should have">
          {(props) => (
            <input
              {...props}
              inputMode="numeric"
              size={9}
              value={draft.rowCount}
              onChange={(event) => put({ rowCount: event.target.value })}
            />
          )}
        </Field>
        <Field name="Sum it should have">
          {(props) => (
            <input
              {...props}
              inputMode="decimal"
              size={13}
              value={draft.total}
              onChange={(event) => put({ total: event.target.value })}
            />
          )}
        </Field>
        <Field name="Sent before? Why again">
          {(props) => (
            <input {...props} value={draft.override} onChange={(event) => put({ override: event.target.value })} />
          )}
        </Field>
      </div>
    </section>
  );
}

/** The first rows, and above each column what it is taken for: the server's guess unless something is chosen. */
function Look({
  preview,
  draft,
  change,
}: {
  preview: Preview | null;
  draft: SubmitDraft;
  change: (draft: SubmitDraft) => void;
}) {
  if (!preview)
    return <p className="faint">This kind of file is not opened here; the server reads it and tells all faults at once.</p>;
  const choose = (column: string, field: string) => {
    const { [column]: _, ...others } = draft.mapping;
    change({ ...draft, mapping: field ? { ...others, [column]: field } : others });
  };
  return (
    <section className="panel" aria-label="Columns">
      <h2>Columns</h2>
      <div className="table-room" tabIndex={0} role="group" aria-label="The beginning of the file">
        <table className="table wide-cells">
          <caption className="hidden">The beginning of the file</caption>
          <thead>
            <tr>
              {preview.header.map((column, index) => (
                <th key={`${column} ${String(index)}`} scope="col">
                  {column || `column ${String(index + 1)}`}
                  <select
                    aria-label={`${column} means`}
                    value={draft.mapping[column] ?? ""}
                    onChange={(event) => choose(column, event.target.value)}
                  >
                    <option value="">by its name</option>
                    {FIELDS.map((field) => (
                      <option key={field}>{field}</option>
                    ))}
                  </select>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {preview.rows.map((cells, index) => (
              <tr key={index}>
                {cells.map((cell, at) => (
                  <td key={at} data-label={preview.header[at]}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {preview.isPart ? <p className="faint">Only the beginning is shown; all rows are checked when it is sent.</p> : null}
    </section>
  );
}
