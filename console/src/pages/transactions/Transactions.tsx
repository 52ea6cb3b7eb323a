// The live stream of a merchant's payouts (CON-02, CON-03). Owns pause, resume and the words for what is not shown.
// Must not know the line: the header shows it, and this repeats it where it matters.
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { memo, useEffect, useEffectEvent, useState, useSyncExternalStore } from "react";
import { payoutsPage } from "~/api/reads";
import type { Payout } from "~/api/typed";
import { troubleOf } from "~/api/trouble";
import { useChannel, useConnection } from "~/feed/context";
import type { Change } from "~/feed/messages";
import { Age, useAge } from "~/freshness/Age";
import { count } from "~/money/amount";
import { Notice } from "~/parts/Panel";
import { TroubleNotice } from "~/parts/TroubleNotice";
import { useMerchant } from "~/place/merchant";
import { SHOWN_MAX, Stream, type StreamState } from "~/pages/transactions/stream";
import { StreamTable } from "~/pages/transactions/StreamTable";
import { ConnectionState } from "~/shell/ConnectionState";
import { announceChanges } from "~/shell/Announcer";

const route = getRouteApi("/transactions");
const FAILURES = ["failed", "rejected", "returned"];

export function Transactions() {
  const { only } = route.useSearch();
  const merchant = useMerchant();
  return <LiveStream key={`${merchant} ${only ?? ""}`} merchant={merchant} only={only} />;
}

type Only = "failures" | "unknown" | undefined;

function wantsOf(only: Only): (change: Change) => boolean {
  if (only === "failures") return (change) => FAILURES.includes(change.status);
  return only === "unknown" ? (change) => change.status === "requires_action" : () => true;
}

/** Only its parts that show the stream are drawn as it moves. */
function LiveStream({ merchant, only }: { merchant: string; only: Only }) {
  const { stream, error, begin } = useStream(merchant, only);
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Transactions, live</h1>
        <ConnectionState />
        <StreamAge />
        <span className="grow" />
        <PauseButton stream={stream} />
      </header>
      <Which only={only} />
      <Words stream={stream} />
      <section className="panel" aria-label="Live changes">
        {error ? <TroubleNotice error={error} onRetry={begin} /> : null}
        <Shown stream={stream} failed={Boolean(error)} />
      </section>
    </>
  );
}

function Shown({ stream, failed }: { stream: Stream; failed: boolean }) {
  const navigate = useNavigate();
  const { shown } = useDrawn(stream);
  if (shown.length === 0)
    return failed ? null : (
      <p className="empty">Nothing has changed since this page was opened. Changes appear here by themselves.</p>
    );
  return (
    <StreamTable
      caption={`The latest ${String(SHOWN_MAX)} payouts that changed`}
      rows={shown}
      onOpen={(id) => void navigate({ to: "/payments/$id", params: { id } })}
    />
  );
}

function useDrawn(stream: Stream): StreamState {
  return useSyncExternalStore(stream.listen, stream.drawn);
}

/** The stream begins with what changed last, read once the feed is joined, so that nothing falls between. */
function useStream(merchant: string, only: Only) {
  const [error, setError] = useState<unknown>(null);
  const [stream] = useState(() => new Stream(wantsOf(only)));
  const begin = () => {
    setError(null);
    const status = only === "failures" ? FAILURES.join(",") : only === "unknown" ? "requires_action" : undefined;
    payoutsPage(merchant, { status }, null, undefined, SHOWN_MAX).then(
      (page) => stream.take(page.results.map(asChange).toReversed()),
      (trouble: unknown) => setError(troubleOf(trouble)),
    );
  };
  useChannel(`payouts:${merchant}`, {
    joined: begin,
    changes: (changes) => {
      announceChanges(changes.length);
      stream.take(changes);
    },
    gap: (dropped) => {
      stream.gap(dropped);
      begin();
    },
    reset: () => stream.gap(null), // and it is joined anew
  });
  const isLive = useConnection().kind === "live";
  const repeat = useEffectEvent(() => {
    if (error) begin();
  });
  useEffect(() => {
    if (isLive) repeat(); // what could not be read while the line was away
  }, [isLive]);
  return { stream, error, begin };
}

function asChange(payout: Payout): Change {
  return {
    ...payout,
    batch_id: payout.batch_id ?? null,
    row: payout.row ?? null,
    reference: payout.reference ?? null,
    reason: payout.reason ?? null,
    failure_code: payout.failure_code ?? null,
    failure_reason: payout.failure_reason ?? null,
    bank_reference_id: payout.bank_reference_id ?? null,
  };
}

function StreamAge() {
  const source = { asOf: 0, name: "feed", live: true };
  const age = useAge(source);
  return age !== null && age < 1e9 ? <Age source={source} ageMs={age} /> : null;
}

function PauseButton({ stream }: { stream: Stream }) {
  const state = useDrawn(stream);
  return (
    <button
      type="button"
      className={state.paused ? "button primary" : "button"}
      aria-pressed={state.paused}
      onClick={() => (state.paused ? stream.resume() : stream.pause())}
    >
      {state.paused ? `Resume (${count(state.missed)} missed)` : "Pause"}
    </button>
  );
}

function Words({ stream }: { stream: Stream }) {
  const state = useDrawn(stream);
  const connection = useConnection();
  return (
    <>
      {state.paused ? (
        <Notice tone="warn">{`Paused: what you see stands still. ${count(state.missed)} changes are held and shown when you resume.`}</Notice>
      ) : null}
      {connection.kind !== "live" ? (
        <Notice tone="warn">Not live: what changes now is fetched when the line is back.</Notice>
      ) : null}
      {state.leftOut || state.leftOutSome ? (
        <Notice tone="warn">{`The server left out ${leftOut(state)} that this page did not take in time; the latest were read again.`}</Notice>
      ) : null}
      {state.dropped ? (
        <p className="faint">
          {count(state.dropped)} older changes were dropped from this view, which holds {SHOWN_MAX}. All of them are in{" "}
          <AllPayouts />.
        </p>
      ) : null}
    </>
  );
}

function leftOut({ leftOut: known, leftOutSome }: StreamState): string {
  const counted = `${count(known)} ${known === 1 ? "change" : "changes"}`;
  if (!leftOutSome) return counted;
  return known ? `${counted} and more` : "some changes, it does not say how many,";
}

function Which({ only }: { only: Only }) {
  const choices = [
    { name: "All", value: undefined },
    { name: "Failures", value: "failures" },
    { name: "Unknown outcomes", value: "unknown" },
  ] as const;
  return (
    <nav className="tabs" aria-label="Which changes">
      {choices.map((choice) => (
        <Link
          key={choice.name}
          className={only === choice.value ? "tab active" : "tab"}
          to="/transactions"
          search={choice.value ? { only: choice.value } : {}}
        >
          {choice.name}
        </Link>
      ))}
    </nav>
  );
}

/** A link asks much of the router: it is not drawn with each of the words beside it. */
const AllPayouts = memo(function AllPayouts() {
  return (
    <Link to="/payouts" search={{ view: "payouts" }}>
      Payouts
    </Link>
  );
});
