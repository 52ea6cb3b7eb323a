// How it went (CON-20): volume, success rate, time to paid and failure codes, from figures that are counted with the payouts.
// Owns which span is asked for. Must not compute figures: what it draws is what it was told.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { ofMerchant } from "~/api/reads";
import { read, type Schemas } from "~/api/typed";
import { fromViews } from "~/freshness/source";
import { count } from "~/money/amount";
import { Bars } from "~/pages/insights/Bars";
import { ListTable, type Column } from "~/parts/ListTable";
import { Sums } from "~/parts/Money";
import { Moment } from "~/parts/Moment";
import { Panel } from "~/parts/Panel";
import { statusWord } from "~/parts/status";
import { useMerchant } from "~/place/merchant";
import { useZone } from "~/time/now";

const route = getRouteApi("/insights");
type Point = Schemas["InsightPoint"];
type Code = Schemas["CodeCount"];

const pointColumns: Column<Point>[] = [
  {
    id: "at",
    header: "From",
    accessorFn: (point) => point.starts_at,
    cell: ({ row }) => <Moment at={row.original.starts_at} exact />,
  },
  { id: "accepted", header: "Accepted", accessorFn: (point) => count(point.accepted) },
  { id: "paid", header: "Paid", accessorFn: (point) => count(point.paid) },
  { id: "failed", header: "Failed", accessorFn: (point) => count(point.failed) },
  { id: "unknown", header: "Became unknown", accessorFn: (point) => count(point.unknown) },
  { id: "percent", header: "Paid, of ended", accessorFn: (point) => share(point.percent_paid) },
  { id: "time", header: "Time to paid, p50 and p99", accessorFn: (point) => times(point.time_to_paid) },
  {
    id: "sums",
    header: "Paid out",
    meta: { money: true },
    accessorFn: (point) => point.paid,
    cell: ({ row }) => <Sums items={row.original.sums} />,
  },
];

const codeColumns: Column<Code>[] = [
  { id: "provider", header: "Provider", accessorFn: (code) => code.provider || "none" },
  { id: "word", header: "What", accessorFn: (code) => (code.word === "failed" ? "failed" : "became unknown") },
  {
    id: "code",
    header: "Code",
    accessorFn: (code) => code.code,
    cell: ({ row }) => <code>{row.original.code || "none"}</code>,
  },
  { id: "count", header: "How often", accessorFn: (code) => count(code.count) },
];

export function Insights() {
  const merchant = useMerchant();
  const { step = "hour", provider, currency } = route.useSearch();
  const zone = useZone();
  const query = useQuery({
    queryKey: [...ofMerchant(merchant), "insights", step, provider, currency, zone],
    queryFn: ({ signal }) =>
      read("/api/v1/insights/", { merchant, signal, query: { step, provider, currency, zone } as never }),
  });
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Insights</h1>
        <Which step={step} provider={provider} providers={query.data?.providers ?? []} />
      </header>
      <Panel
        title={step === "hour" ? "The last day, by the hour" : "The last 30 days"}
        query={query}
        source={(data) => fromViews(data, query.dataUpdatedAt, false)}
        isEmpty={(data) => data.points.length === 0}
        empty="Nothing was counted in this span."
      >
        {(data) => <Charts insights={data} />}
      </Panel>
    </>
  );
}

function Charts({ insights }: { insights: Schemas["Insights"] }) {
  const { points, codes, time_to_paid: time } = insights;
  return (
    <div className="stack">
      <div className="columns">
        <Bars
          title="Volume"
          bars={points.map((point) => ({
            at: point.starts_at,
            parts: [
              { name: statusWord("completed")[0], tone: "good", number: point.paid },
              { name: statusWord("failed")[0], tone: "bad", number: point.failed },
              { name: statusWord("rejected")[0], tone: "plain", number: point.rejected },
            ],
          }))}
        />
        <dl className="facts">
          <dt>Time to paid, half within</dt>
          <dd>{seconds(time.p50_seconds)}</dd>
          <dt>nine of ten within</dt>
          <dd>{seconds(time.p90_seconds)}</dd>
          <dt>99 of 100 within</dt>
          <dd>{seconds(time.p99_seconds)}</dd>
          <dt>Counted since</dt>
          <dd>{insights.since ? <Moment at={insights.since} exact /> : "nothing yet"}</dd>
        </dl>
      </div>
      <ListTable
        caption="Figures by time"
        columns={pointColumns}
        rows={points.toReversed()}
        idOf={(point) => point.starts_at}
      />
      <h3>Failures by provider and code</h3>
      {codes.length ? (
        <ListTable
          caption="Failures by provider and code"
          columns={codeColumns}
          rows={codes}
          idOf={(code) => `${code.provider} ${code.word} ${code.code}`}
        />
      ) : (
        <p className="empty">None failed.</p>
      )}
    </div>
  );
}

function Which({ step, provider, providers }: { step: "hour" | "day"; provider: string | undefined; providers: string[] }) {
  const navigate = route.useNavigate();
  return (
    <>
      <div className="tabs" role="group" aria-label="Span">
        {(["hour", "day"] as const).map((one) => (
          <button
            key={one}
            type="button"
            className="tab"
            aria-pressed={step === one}
            onClick={() => void navigate({ search: (old) => ({ ...old, step: one }), replace: true })}
          >
            {one === "hour" ? "A day" : "30 days"}
          </button>
        ))}
      </div>
      <label className="inline-field">
        <span className="faint">Provider</span>
        <select
          value={provider ?? ""}
          onChange={(event) =>
            void navigate({
              search: (old) => ({ ...old, provider: event.target.value || undefined }) as typeof old,
              replace: true,
            })
          }
        >
          <option value="">all</option>
          {[...new Set([...providers, ...(provider ? [provider] : [])])].map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
    </>
  );
}

function share(percent: string | null): string {
  return percent === null ? "none ended" : `${percent} %`;
}

function seconds(value: number | null): string {
  return value === null ? "none paid" : value < 60 ? `${String(value)} s` : `${String(Math.ceil(value / 60))} min`;
}

function times(time: Schemas["TimeToPaid"]): string {
  return `${seconds(time.p50_seconds)}, ${seconds(time.p99_seconds)}`;
}
