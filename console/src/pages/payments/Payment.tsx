// One payout (CON-05): where it stands in its lifecycle, why, what can be done, and every change with its place on the log (CON-25).
// Owns the page's order. Must not decide anything.
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { historyQuery, payoutQuery, payoutStoryQuery } from "~/api/reads";
import { troubleOf } from "~/api/trouble";
import type { Aged, Payout } from "~/api/typed";
import { Drive } from "~/chaos/Drive";
import { useChannel } from "~/feed/context";
import { fromViews } from "~/freshness/source";
import { useReread } from "~/live/refresh";
import { announceChanges } from "~/shell/Announcer";
import { Copy } from "~/parts/Copy";
import { Money } from "~/parts/Money";
import { Moment } from "~/parts/Moment";
import { Notice, Panel } from "~/parts/Panel";
import { Status } from "~/parts/Status";
import { reasonWords } from "~/parts/status";
import { Countdown, Step } from "~/pages/payouts/Timeline";
import { History } from "~/pages/payments/History";
import { Lifecycle } from "~/pages/payments/Lifecycle";
import { PaymentActs } from "~/pages/payments/PaymentActs";
import { Next } from "~/pages/story/Next";
import { Story } from "~/pages/story/Story";
import { useMerchant } from "~/place/merchant";
import { payeeOf } from "~/rows/slim";

const route = getRouteApi("/payments/$id");
/** A payout moves a few times, often close together. */
const AGAIN_MS = 250;

export function Payment() {
  const { id } = route.useParams();
  const merchant = useMerchant();
  const payout = useQuery({
    ...payoutQuery(merchant, id),
    refetchInterval: (query) => (isUndecided(query.state.error) ? 2_000 : false),
  });
  const story = useQuery({ ...payoutStoryQuery(merchant, id), enabled: payout.data !== undefined });
  useLive(merchant, id);
  const data = payout.data;
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">{data ? (data.reference ?? `Payout …${id.slice(-8)}`) : "Payout"}</h1>
        {data ? (
          <>
            <Status status={data.status} reason={data.reason} />
            <span className="strong">
              <Money amount={data.amount} currency={data.currency} />
            </span>
          </>
        ) : null}
      </header>
      {isUndecided(payout.error) ? (
        <Notice tone="warn">Requested, and not decided yet. This page asks again by itself until it is.</Notice>
      ) : null}
      <Panel title="Lifecycle" query={payout} source={(one) => fromViews(one, payout.dataUpdatedAt)}>
        {(one) => (
          <>
            <LifecycleOf payout={one} />
            <Why payout={one} />
            {story.data?.version === one.version ? <Next next={story.data.next} failure={story.data.failure} /> : null}
            <PaymentActs payout={one} />
            <Drive payout={one} />
          </>
        )}
      </Panel>
      <div className="columns">
        <Facts query={payout} />
        <Settlement query={payout} />
      </div>
      <Story title="Story" query={story} />
      <History id={id} />
    </>
  );
}

function isUndecided(error: unknown): boolean {
  return error !== null && error !== undefined && troubleOf(error).parts.code === "undecided";
}

/** The channel of this payout: what the feed tells is read again, with the payee as this reader may see it. */
function useLive(merchant: string, id: string): void {
  const again = useReread(
    [payoutQuery, historyQuery, payoutStoryQuery].map((query) => query(merchant, id).queryKey),
    AGAIN_MS,
  );
  useChannel(`payout:${id}`, {
    changes: (changes) => {
      announceChanges(changes.length);
      again();
    },
    joined: again,
    gap: again,
    reset: again,
  });
}

function LifecycleOf({ payout }: { payout: Payout }) {
  const merchant = useMerchant();
  const history = useQuery(historyQuery(merchant, payout.id));
  const visited = history.data?.results.map((change) => change.to) ?? [];
  return <Lifecycle now={payout.status} visited={visited} />;
}

/** Why it stands where it does: reason, code, plain words, effect on money, what comes next. */
function Why({ payout }: { payout: Payout }) {
  const effect: Record<string, string> = {
    pending: payout.reason === "funds" ? "nothing is held yet: it waits for funds" : "the amount is held",
    processing: "the amount is held until the provider's answer",
    requires_action: "the amount stays held: it is neither paid nor given back until the outcome is known",
    completed: "the amount has left the balance",
    failed: "the amount was given back to the balance",
    canceled: "the amount was given back to the balance",
    rejected: "nothing was held",
    returned: "the amount came back to the balance",
  };
  return (
    <dl className="facts">
      {payout.reason ? (
        <>
          <dt>Why</dt>
          <dd>
            {reasonWords(payout.reason)}
            {payout.waits_until && payout.reason === "schedule" ? (
              <>
                {" "}
                until <Moment at={payout.waits_until} exact />
              </>
            ) : null}
          </dd>
        </>
      ) : null}
      {payout.failure_code ? (
        <>
          <dt>What the provider said</dt>
          <dd>
            <code>{payout.failure_code}</code> {payout.failure_reason}
          </dd>
        </>
      ) : null}
      <dt>Effect on money</dt>
      <dd>{effect[payout.status] ?? "not known to this console"}</dd>
    </dl>
  );
}

function Facts({ query }: { query: UseQueryResult<Payout & Aged> }) {
  return (
    <Panel title="Details" query={query} source={(one) => fromViews(one, query.dataUpdatedAt)}>
      {(payout) => (
        <dl className="facts">
          {[
            ["Payout", <Copy key="id" text={payout.id} />],
            ["Payee", payeeOf(payout)],
            ["Fee", <Money key="fee" amount={payout.fee} currency={payout.currency} />],
            ["Batch", payout.batch_id ? <BatchLink key="batch" payout={payout} /> : "none"],
            ["Reference", payout.reference ? <Copy key="reference" text={payout.reference} /> : "none"],
            ["Description", payout.description ?? "none"],
            ["Provider", payout.provider ?? "not chosen yet"],
            [
              "Provider's reference",
              payout.bank_reference_id ? <Copy key="bank" text={payout.bank_reference_id} /> : "none yet",
            ],
            ["Attempts", payout.attempt_count],
            ["Idempotency key", payout.idempotency_key ? <Copy key="key" text={payout.idempotency_key} /> : "none"],
            ["Version", payout.version],
          ].map(([name, value]) => (
            <Fact key={String(name)} name={String(name)} value={value} />
          ))}
        </dl>
      )}
    </Panel>
  );
}

function Fact({ name, value }: { name: string; value: React.ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function BatchLink({ payout }: { payout: Payout }) {
  return (
    <Link to="/payouts/$id" params={{ id: payout.batch_id ?? "" }}>
      row {payout.row} of …{payout.batch_id?.slice(-8)}
    </Link>
  );
}

function Settlement({ query }: { query: UseQueryResult<Payout & Aged> }) {
  return (
    <Panel title="Way to settlement" query={query} source={(one) => fromViews(one, query.dataUpdatedAt)}>
      {(payout) => (
        <ol className="timeline">
          <Step name="Accepted" at={payout.created_at} />
          <Step name="Sent to the provider" at={payout.processing_started_at} />
          {payout.failed_at ? <Step name="Failed" at={payout.failed_at} /> : null}
          {payout.canceled_at ? <Step name="Canceled" at={payout.canceled_at} /> : null}
          {payout.failed_at || payout.canceled_at ? null : <Step name="Paid by the provider" at={payout.completed_at} />}
          {payout.returned_at ? <Step name="Returned" at={payout.returned_at} /> : null}
          {payout.completed_at ? (
            <Step name="Settled" at={payout.settled_at}>
              {payout.settled_at ? null : payout.expected_settlement_date ? (
                <Countdown date={payout.expected_settlement_date} />
              ) : (
                <p className="faint">The rail has told no settlement date.</p>
              )}
            </Step>
          ) : null}
        </ol>
      )}
    </Panel>
  );
}
