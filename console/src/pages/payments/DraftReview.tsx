// Looking at a draft before it is submitted or discarded (CON-05, CON-14). Owns the review. Its key was chosen by the server when it was made:
// submitting twice is one payment. Must not say more than the server decided.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, useSyncExternalStore } from "react";
import { Run } from "~/acts/run";
import { draftQuery, draftsQuery } from "~/api/reads";
import type { Schemas } from "~/api/typed";
import { asRead } from "~/freshness/source";
import { ActState, useCommonReason } from "~/pages/payouts/BatchActs";
import { ActButton } from "~/parts/ActButton";
import { DangerDialog } from "~/parts/Dialog";
import { Money } from "~/parts/Money";
import { Panel } from "~/parts/Panel";
import { Status } from "~/parts/Status";

type Draft = Schemas["Draft"];

/** No feed tells of drafts: what somebody is about to submit is read again, so that it is as fresh as submitting asks for. */
const REREAD_MS = 3_000;
const OPEN = ["draft", "submitting"];

export function DraftReview({ id, merchant }: { id: string; merchant: string }) {
  const draft = useQuery({
    ...draftQuery(merchant, id),
    refetchInterval: ({ state }) => (OPEN.includes(state.data?.status ?? "") ? REREAD_MS : false),
  });
  return (
    <Panel title="Look at it, then submit" query={draft} source={() => asRead(draft.dataUpdatedAt, "drafts")}>
      {(data) => (
        <>
          <Content draft={data} />
          <Acts draft={data} />
        </>
      )}
    </Panel>
  );
}

function Content({ draft }: { draft: Draft }) {
  const { amount, currency, recipient_details: recipient, ...rest } = draft.payout ?? {};
  return (
    <dl className="facts">
      <dt>State</dt>
      <dd>
        <Status status={draft.status} />
      </dd>
      <dt>Amount</dt>
      <dd className="strong">
        {typeof amount === "string" && typeof currency === "string" ? (
          <Money amount={amount} currency={currency} />
        ) : (
          "as written"
        )}
      </dd>
      {Object.entries({ ...(recipient as Record<string, unknown> | undefined), ...rest })
        .filter(([, value]) => value !== null && value !== undefined && typeof value !== "object")
        .map(([name, value]) => (
          <Entry key={name} name={name} value={String(value)} />
        ))}
    </dl>
  );
}

function Entry({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name.replaceAll("_", " ")}</dt>
      <dd>{value}</dd>
    </>
  );
}

function Acts({ draft }: { draft: Draft }) {
  const cache = useQueryClient();
  const [run] = useState(() => new Run());
  const [dropping, setDropping] = useState(false);
  const standings = useSyncExternalStore(run.standings.listen, run.standings.get);
  const common = useCommonReason(draft.merchant_id);
  const settled = OPEN.includes(draft.status) ? null : `The draft is ${draft.status} already.`;
  const act = (kind: "submit" | "discard") =>
    void run
      .start([actOf(kind, draft)])
      .then(() =>
        Promise.all(
          [draftsQuery(draft.merchant_id), draftQuery(draft.merchant_id, draft.id)].map(({ queryKey }) =>
            cache.invalidateQueries({ queryKey }),
          ),
        ),
      );
  const busy = [...standings.values()].some((standing) => standing.state === "requested")
    ? "Requested; the answer is awaited."
    : null;
  return (
    <div className="stack">
      <div className="row">
        <ActButton why={settled ?? common ?? busy} className="button primary" onAct={() => act("submit")}>
          Submit the payment
        </ActButton>
        <ActButton why={settled ?? busy} className="button danger" onAct={() => setDropping(true)}>
          Discard
        </ActButton>
        {draft.made ? (
          <Link className="button" to={draft.kind === "batch" ? "/payouts/$id" : "/payments/$id"} params={{ id: draft.id }}>
            Follow it live
          </Link>
        ) : null}
      </div>
      {[...standings].map(([kind, standing]) => (
        <ActState key={kind} what={kind} standing={standing} />
      ))}
      {dropping ? (
        <DangerDialog
          danger={{
            title: "Discard the draft?",
            what: <p>It moved no money. Discarding cannot be taken back.</p>,
            act: "Discard it",
            reason: false,
          }}
          onClose={() => setDropping(false)}
          onAct={() => {
            setDropping(false);
            act("discard");
          }}
        />
      ) : null}
    </div>
  );
}

function actOf(kind: "submit" | "discard", draft: Draft) {
  const path = `/api/v1/drafts/${draft.id}/`;
  const words = `${kind === "submit" ? "Submit" : "Discard"} draft …${draft.id.slice(-8)}`;
  const asked =
    kind === "submit" ? { method: "POST" as const, path: `${path}submit/` } : { method: "DELETE" as const, path };
  return { id: kind, words, asked: { ...asked, merchant: draft.merchant_id, key: keyOf(kind, draft) } };
}

/** A repeat after a reload must be the same request: the key follows from draft and version. */
function keyOf(kind: string, draft: Draft): string {
  return kind === "submit" ? draft.idempotency_key : `console-${kind}-${draft.id}-${String(draft.version)}`;
}
