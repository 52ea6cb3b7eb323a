// The way of a batch to its settlement (CON-08): what was reached and when, what comes next, and how long until then.
// Owns the steps. Must not compute a settlement date: it is the rail's, told on the rows, and where none is told this says so.
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { ofMerchant, type BatchNow } from "~/api/reads";
import { read } from "~/api/typed";
import { fromViews } from "~/freshness/source";
import { Moment } from "~/parts/Moment";
import { Panel } from "~/parts/Panel";
import { useMerchant } from "~/place/merchant";
import { useNow } from "~/time/now";
import { span } from "~/time/zone";

export function Timeline({
  batch,
  query,
  children,
}: {
  batch: BatchNow;
  query: UseQueryResult<BatchNow>;
  children?: React.ReactNode;
}) {
  return (
    <Panel title="Way to settlement" query={query} source={(data) => fromViews(data, query.dataUpdatedAt)}>
      {() => (
        <>
          <ol className="timeline">
            <Step name="Created" at={batch.created_at} />
            <Step name={batch.phase === "refused" ? "Refused at its seal" : "Released"} at={batch.released_at} />
            <Step name="All rows ended" at={batch.progress["percent"] === 100 ? batch.updated_at : null} />
            <Settlement batch={batch} />
          </ol>
          {children}
        </>
      )}
    </Panel>
  );
}

export function Step({ name, at, children }: { name: string; at: string | null | undefined; children?: React.ReactNode }) {
  return (
    <li className={at ? "step done" : "step"}>
      <span className="strong">{name}</span> {at ? <Moment at={at} exact /> : <span className="faint">not yet</span>}
      {children}
    </li>
  );
}

/** Date and countdown as told on a paid row; settled once the batch is, not with its first row. */
function Settlement({ batch }: { batch: BatchNow }) {
  const merchant = useMerchant();
  const paid = batch.counts["completed"] ?? 0;
  const one = useQuery({
    queryKey: [...ofMerchant(merchant), "settlement", batch.id, batch.status],
    queryFn: ({ signal }) =>
      read("/api/v1/batches/{batch_id}/rows/", {
        merchant,
        signal,
        place: { batch_id: batch.id },
        query: { status: ["completed"], limit: 1 },
      }),
    enabled: paid > 0,
  });
  const row = one.data?.results[0];
  if (batch.status === "settled" && row?.settled_at) return <Step name="Settled" at={row.settled_at} />;
  return (
    <Step name="Settled" at={null}>
      {row?.expected_settlement_date ? (
        <Countdown date={row.expected_settlement_date} />
      ) : (
        <p className="faint">{paid ? "The rail has told no settlement date." : "Known once rows are paid."}</p>
      )}
    </Step>
  );
}

const DAY_MS = 86_400_000;

/** A settlement date is a plain date, taken in UTC: counted down to its beginning, and late once the whole day has passed. */
export function countdown(date: string, now: number): string {
  const left = Date.parse(`${date}T00:00:00Z`) - now;
  if (left > 0) return `in ${span(left)}`;
  return left > -DAY_MS ? "today" : `late for ${span(-left - DAY_MS)}`;
}

export function Countdown({ date }: { date: string }) {
  return (
    <p>
      Expected on <strong>{date}</strong>, {countdown(date, useNow())}
    </p>
  );
}
