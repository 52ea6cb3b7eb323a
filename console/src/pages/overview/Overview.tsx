// The first page (CON-01): what needs attention first, then cards, each loading and failing alone. Owns which figures are shown and what each
// means in words. Must not compute money or counts: each figure is the server's own.
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { figureQuery, FIGURES, ofMerchant } from "~/api/reads";
import type { Freshness, Schemas } from "~/api/typed";
import { useFeed } from "~/feed/context";
import { fromViews } from "~/freshness/source";
import { useRefreshed } from "~/live/refresh";
import { count } from "~/money/amount";
import { AttentionList } from "~/pages/overview/AttentionList";
import { Sums } from "~/parts/Money";
import { Panel } from "~/parts/Panel";
import { reasonWords } from "~/parts/status";
import { useMerchant } from "~/place/merchant";
import { Starts } from "~/place/Starts";
import { useNow, useZone } from "~/time/now";
import { span } from "~/time/zone";

/** Figures of today and of the last hours change by the clock too, with nothing that the feed would tell. */
const BY_THE_CLOCK_MS = 30_000;

export function Overview() {
  const merchant = useMerchant();
  useRefreshed(
    merchant,
    ["figures", "attention"].map((part) => [...ofMerchant(merchant), part]),
  );
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Overview</h1>
        <Starts />
      </header>
      <AttentionList />
      <div className="cards">
        <InFlight />
        <PaidToday />
        <FailureRate />
        <Waiting />
        <Unknown />
        <Lag />
      </div>
    </>
  );
}

function InFlight() {
  const figure = useQuery(figureQuery(useMerchant(), FIGURES.inFlight));
  return (
    <Card title="Money in flight" query={figure}>
      {(data) => (
        <Counted number={data.count} search={{ status: "pending,processing,requires_action" }} sums={data.sums}>
          payouts with money set aside that have not ended
        </Counted>
      )}
    </Card>
  );
}

function PaidToday() {
  const figure = useQuery({
    ...figureQuery(useMerchant(), FIGURES.paidToday, { zone: useZone() }),
    refetchInterval: BY_THE_CLOCK_MS,
  });
  return (
    <Card title="Paid today" query={figure}>
      {(data) => (
        <Counted number={data.count} search={{ status: "completed" }} sums={data.sums}>
          paid since midnight, {data.zone}
        </Counted>
      )}
    </Card>
  );
}

/** Failed, of all that ended: counts, never money. */
function FailureRate() {
  const figure = useQuery({ ...figureQuery(useMerchant(), FIGURES.failureRate), refetchInterval: BY_THE_CLOCK_MS });
  return (
    <Card title="Failure rate" query={figure}>
      {(data) => (
        <>
          <Link className="figure" to="/payouts" search={{ view: "payouts", status: "failed" }}>
            {data.percent === null ? "none ended" : `${data.percent} %`}
          </Link>
          <p className="faint">
            {count(data.failed)} of {count(data.failed + data.paid)} that ended in the last {data.hours} h failed
          </p>
        </>
      )}
    </Card>
  );
}

function Waiting() {
  const figure = useQuery(figureQuery(useMerchant(), FIGURES.waiting));
  return (
    <Card title="Waiting" query={figure}>
      {(data) => (
        <Counted number={data.count} search={{ status: "pending" }} sums={data.sums}>
          {Object.entries(data.by_reason)
            .map(([reason, number]) => `${reasonWords(reason) ?? reason}: ${count(number)}`)
            .join(", ") || "nothing waits for anything"}
        </Counted>
      )}
    </Card>
  );
}

function Unknown() {
  const figure = useQuery(figureQuery(useMerchant(), FIGURES.unknown));
  return (
    <Card title="Outcome unknown" query={figure}>
      {(data) => (
        <Counted number={data.count} search={{ status: "requires_action" }} sums={data.sums}>
          nobody can say yet whether they were paid
        </Counted>
      )}
    </Card>
  );
}

/** How far the views are behind the log: told by the feed while it lives, else as it was last read. */
function Lag() {
  const figure = useQuery(figureQuery(useMerchant(), FIGURES.lag));
  const lag = useFeed().pulse.lag;
  useNow();
  return (
    <Card title="Lag" query={figure}>
      {(data) => (
        <>
          <div className="figure">{data.known ? short(lag ?? data.max_age_ms) : "not known"}</div>
          <p className="faint">
            {lag === null
              ? `${count(data.records)} records behind the log when last read`
              : "behind the log at the last heartbeat"}
          </p>
        </>
      )}
    </Card>
  );
}

function short(ms: number): string {
  return ms < 1_000 ? "under 1 s" : span(ms);
}

interface CountedProps {
  number: number;
  search: { status: string };
  sums: Schemas["CurrencySum"][];
  children: ReactNode;
}

/** How many, which leads to them; their money by currency; in words. */
function Counted({ number, search, sums, children }: CountedProps) {
  return (
    <>
      <Link className="figure" to="/payouts" search={{ view: "payouts", ...search }}>
        {count(number)}
      </Link>
      {sums.length ? <Sums items={sums} /> : null}
      <p className="faint">{children}</p>
    </>
  );
}

interface CardProps<T> {
  title: string;
  query: UseQueryResult<T>;
  children: (data: T) => ReactNode;
}

function Card<T extends { freshness: Freshness }>({ title, query, children }: CardProps<T>) {
  return (
    <div className="card">
      <Panel title={title} query={query} source={(data) => fromViews(data, query.dataUpdatedAt)}>
        {children}
      </Panel>
    </div>
  );
}
