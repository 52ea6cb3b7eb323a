// Mending a refused file in place (CON-09): each faulty cell with what is wrong and a field for its new content. Owns the sheet and its key.
// Must not judge: the server checks all rows again.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { faultsQuery, uploadQuery } from "~/api/reads";
import type { Batch } from "~/api/typed";
import { asRead } from "~/freshness/source";
import { count } from "~/money/amount";
import { ActButton } from "~/parts/ActButton";
import { FileButton } from "~/parts/FileButton";
import { Notice, Panel } from "~/parts/Panel";
import { TroubleNotice } from "~/parts/TroubleNotice";
import { correctionsOf, groupFaults, type FaultyRow } from "~/pages/submit/faults";
import { useKeyedForm } from "~/sending/useKeyedForm";

type Typed = Record<string, string>;

function isTyped(value: unknown): value is Typed {
  return typeof value === "object" && value !== null && Object.values(value).every((cell) => typeof cell === "string");
}

export function Corrections({ id, merchant }: { id: string; merchant: string }) {
  const navigate = useNavigate();
  const upload = useQuery(uploadQuery(merchant, id));
  const faults = useQuery(faultsQuery(merchant, id));
  const form = useKeyedForm<Typed>(`corrections.${id}`, {}, isTyped, (result) => {
    void navigate({ to: "/payouts/$id", params: { id: (result.body as Batch).id } });
  });
  const body = correctionsOf(form.draft);
  const why = form.isSending ? "Being sent…" : body.rows.length ? null : "Type the new content of at least one cell.";
  const send = () =>
    void form
      .send(
        (typed) => ({ method: "POST", path: `/api/v1/uploads/${id}/corrections/`, merchant, body: correctionsOf(typed) }),
        `Corrections of ${upload.data?.file_name ?? id}`,
      )
      .then(() => Promise.all([faults.refetch(), upload.refetch()]));
  return (
    <Panel
      title={`Mend ${upload.data?.file_name ?? "the file"}`}
      query={faults}
      source={() => asRead(faults.dataUpdatedAt, "upload")}
      actions={
        <FileButton path={`/api/v1/uploads/${id}/refused-rows/`} wanted={{ merchant, query: { format: "csv" } }}>
          Download the refused rows
        </FileButton>
      }
    >
      {(data) => {
        const { rows, whole } = groupFaults(data.results);
        return (
          <div className="stack">
            <p>
              {count(data.count)} faults; {count(upload.data?.good_count ?? 0)} of {count(upload.data?.row_count ?? 0)} rows
              are good. Nothing was taken.
              {data.next
                ? ` The first ${count(data.results.length)} are shown; download the refused rows to mend more at once.`
                : ""}
            </p>
            {whole.map((detail) => (
              <Notice key={detail} tone="bad">
                {detail}
              </Notice>
            ))}
            <fieldset className="plain" disabled={form.isSending || form.isUnknown}>
              <Sheet rows={rows} typed={form.draft} change={form.change} />
            </fieldset>
            {form.isUnknown ? (
              <Notice tone="unknown">Sent, and not answered. Send the same again: the key makes it one request.</Notice>
            ) : null}
            {form.trouble ? <TroubleNotice error={form.trouble} /> : null}
            <div className="row">
              <ActButton why={why} className="button primary" onAct={send}>
                {form.isUnknown ? "Send again with the same key" : "Check all rows again and submit"}
              </ActButton>
              <Link className="button" to="/submit" search={{}}>
                Start with another file
              </Link>
            </div>
          </div>
        );
      }}
    </Panel>
  );
}

function Sheet({ rows, typed, change }: { rows: FaultyRow[]; typed: Typed; change: (typed: Typed) => void }) {
  return (
    <table className="table">
      <caption className="hidden">Faulty cells</caption>
      <thead>
        <tr>
          {["Row", "Column", "What is wrong", "New content"].map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.flatMap(({ row, cells }) =>
          cells.map((cell) => {
            const place = `${String(row)} ${cell.field}`;
            return (
              <tr key={place + cell.detail}>
                <td data-label="Row">{row}</td>
                <td data-label="Column">{cell.column}</td>
                <td data-label="What is wrong">{cell.detail}</td>
                <td data-label="New content">
                  <input
                    aria-label={`${cell.column} of row ${String(row)}`}
                    value={typed[place] ?? ""}
                    onChange={(event) => change({ ...typed, [place]: event.target.value })}
                  />
                </td>
              </tr>
            );
          }),
        )}
      </tbody>
    </table>
  );
}
