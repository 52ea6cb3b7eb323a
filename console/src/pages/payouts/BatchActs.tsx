// What can be done with a batch: seal it, drop it, stop it while it runs, fetch its result (CON-06, BAT-13). Owns the buttons and their reasons. Must not decide.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, useSyncExternalStore } from "react";
import { whyNotDo } from "~/acts/allowed";
import { keyOfAct } from "~/acts/keys";
import { Run, type Standing } from "~/acts/run";
import { useIdentity, whyNot } from "~/api/identity";
import { batchActionsQuery, batchQuery, type BatchNow } from "~/api/reads";
import { useOnline } from "~/feed/context";
import { waitReason } from "~/freshness/age";
import { ActButton } from "~/parts/ActButton";
import { DangerDialog, type Danger } from "~/parts/Dialog";
import { FileButton } from "~/parts/FileButton";
import { Sums } from "~/parts/Money";
import { usePanelAge } from "~/parts/Panel";
import { TroubleNotice } from "~/parts/TroubleNotice";
import { sumsOf } from "~/pages/payouts/sums";
import { nameOf } from "~/pages/payouts/BatchList";

type Kind = "seal" | "drop" | "stop";

const WORDS: Record<Kind, { button: string; title: string; act: string; what: string; verb: string }> = {
  seal: {
    button: "Seal and release",
    title: "Seal and release?",
    act: "Release it",
    what: "From then on its rows are paid; no more can be added.",
    verb: "Seal",
  },
  drop: {
    button: "Drop the batch",
    title: "Drop the batch?",
    act: "Drop it",
    what: "None of its rows will be paid.",
    verb: "Drop",
  },
  stop: {
    button: "Stop the batch",
    title: "Stop the batch?",
    act: "Stop it",
    what: "Rows that were not sent are canceled and their money is available again. Rows that were sent go on: they cannot be called back.",
    verb: "Stop",
  },
};

export function BatchActs({ batch }: { batch: BatchNow }) {
  const [asking, setAsking] = useState<Kind | null>(null);
  const [run] = useState(() => new Run());
  const standings = useSyncExternalStore(run.standings.listen, run.standings.get);
  const cache = useQueryClient();
  const common = useCommonReason(batch.merchant_id);
  const told = useQuery(batchActionsQuery(batch.merchant_id, batch));
  const end: Kind = batch.phase === "released" ? "stop" : "drop";
  const act = (kind: Kind, reason: string) => {
    setAsking(null);
    void run
      .start([actOf(kind, batch, reason)])
      .then(() => cache.invalidateQueries({ queryKey: batchQuery(batch.merchant_id, batch.id).queryKey }));
  };
  return (
    <div className="stack">
      <div className="row">
        <ActButton why={whyNotDo("seal", told) ?? common} onAct={() => setAsking("seal")}>
          {WORDS.seal.button}
        </ActButton>
        <ActButton why={whyNotDo(end, told) ?? common} className="button danger" onAct={() => setAsking(end)}>
          {WORDS[end].button}
        </ActButton>
        <FileButton
          path={`/api/v1/batches/${batch.id}/result/`}
          wanted={{ merchant: batch.merchant_id, query: { format: "csv" } }}
          why={whyNotDo("download_result", told)}
        >
          Download the result (CSV)
        </FileButton>
      </div>
      {[...standings].map(([kind, standing]) => (
        <ActState key={kind} what={kind} standing={standing} />
      ))}
      {asking ? (
        <DangerDialog
          danger={dangerOf(asking, batch, common)}
          onClose={() => setAsking(null)}
          onAct={(reason) => act(asking, reason)}
        />
      ) : null}
    </div>
  );
}

/** Rights, the line, and data fresh enough to act on. */
export function useCommonReason(merchant: string): string | null {
  const right = whyNot(useIdentity(), "pay", merchant);
  const online = useOnline();
  const age = usePanelAge();
  return right ?? (online ? waitReason(age) : "Offline: nothing new is sent.");
}

/**
 * Why a batch is dropped or stopped stands on the log; a release has no reason to give. Only the batch that was seen: with more rows, or sealed
 * meanwhile, it has another version. That its rows are paid leaves it as it is.
 */
function actOf(kind: Kind, batch: BatchNow, reason: string) {
  const path = `/api/v1/batches/${batch.id}/`;
  const seen = { expected_version: batch.version };
  const asked =
    kind === "seal"
      ? { method: "POST" as const, path: `${path}seal/`, body: seen }
      : { method: "DELETE" as const, path, body: { reason, ...seen } };
  return {
    id: kind,
    words: `${WORDS[kind].verb} batch ${nameOf(batch)}`,
    asked: { ...asked, merchant: batch.merchant_id, key: keyOfAct(kind, batch.id, String(batch.version), reason) },
  };
}

function dangerOf(kind: Kind, batch: BatchNow, blocked: string | null): Danger {
  const gross = sumsOf(batch, "gross");
  const typed = `${String(batch.row_count)} rows ${gross.map(({ amount, currency }) => `${amount} ${currency}`).join(" ")}`;
  const what = (
    <p>
      {WORDS[kind].what} {batch.row_count} rows, <Sums items={gross} />
    </p>
  );
  return {
    title: WORDS[kind].title,
    what,
    act: WORDS[kind].act,
    typed,
    blocked,
    reason: kind !== "seal",
  };
}

/** Requested first; what was decided is told by the server alone (CON-14). */
export function ActState({ what, standing }: { what: string; standing: Standing }) {
  if (standing.state === "refused") return <TroubleNotice error={standing.trouble} />;
  if (standing.state === "unknown" && standing.trouble) return <TroubleNotice error={standing.trouble} />;
  const words = {
    requested: "requested, not decided yet",
    decided: "decided: the state above is the new one",
    unknown: "on its way; not decided yet",
  };
  return (
    <p role="status" className="faint">
      {what}: {words[standing.state]}
    </p>
  );
}
