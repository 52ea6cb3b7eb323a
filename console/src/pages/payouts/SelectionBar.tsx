// What can be done with selected rows: cancel those that are pending, after typing count and sum, with a reason (CON-06).
// Owns the bar and its run. Must not cancel what is not held and seen.
import { useQueries } from "@tanstack/react-query";
import { useState, useSyncExternalStore } from "react";
import { whyNotAll } from "~/acts/allowed";
import { Run, tally } from "~/acts/run";
import { payoutActionsQuery } from "~/api/reads";
import { grouped, sums } from "~/money/amount";
import { ActButton } from "~/parts/ActButton";
import { DangerDialog } from "~/parts/Dialog";
import { Sums } from "~/parts/Money";
import { useCommonReason } from "~/pages/payouts/BatchActs";
import { useMerchant } from "~/place/merchant";
import type { Slim } from "~/rows/slim";
import type { Selection } from "~/rows/useSelection";
import type { RowWindow } from "~/rows/window";
import { SELECTED_MAX } from "~/rows/useSelection";

export function SelectionBar({ rows, selection }: { rows: RowWindow; selection: Selection }) {
  useSyncExternalStore(rows.listen, () => rows.revision);
  const [asking, setAsking] = useState(false);
  const [run] = useState(() => new Run());
  const standings = useSyncExternalStore(run.standings.listen, run.standings.get);
  const why = useWhy(rows, selection);
  const merchant = useMerchant();
  if (selection.ids.size === 0) return standings.size ? <Outcome run={run} /> : null;
  const held = heldOf(rows, selection);
  const start = (reason: string) => {
    setAsking(false);
    void run.start(held.map((row) => cancelOf(row, merchant, reason)));
    selection.clear();
  };
  const typed = `${String(held.length)} rows ${sums(held)
    .map(({ amount, currency }) => `${amount} ${currency}`)
    .join(" ")}`;
  return (
    <div className="bar" role="region" aria-label="Selected rows">
      <strong>
        {selection.ids.size} selected{selection.isFull ? ` (at most ${String(SELECTED_MAX)})` : ""}
      </strong>
      <Sums items={sums(held)} />
      <ActButton why={why} className="button danger" onAct={() => setAsking(true)}>
        Cancel these
      </ActButton>
      <button type="button" className="button quiet" onClick={selection.clear}>
        Select none
      </button>
      {asking ? (
        <DangerDialog
          danger={{
            title: `Cancel ${String(held.length)} payouts?`,
            what: (
              <p>
                They will not be paid, and{" "}
                {sums(held)
                  .map(({ amount, currency }) => `${grouped(amount)} ${currency}`)
                  .join(", ")}{" "}
                goes back to the balance. Each is decided by itself.
              </p>
            ),
            act: "Cancel them",
            typed,
            blocked: why,
          }}
          onClose={() => setAsking(false)}
          onAct={start}
        />
      ) : null}
    </div>
  );
}

function heldOf(rows: RowWindow, selection: Selection): Slim[] {
  return [...selection.ids].flatMap((id) => rows.byId(id) ?? []);
}

function useWhy(rows: RowWindow, selection: Selection): string | null {
  const merchant = useMerchant();
  const common = useCommonReason(merchant);
  const held = heldOf(rows, selection);
  const told = useQueries({ queries: held.map((row) => payoutActionsQuery(merchant, row.id, row.version)) });
  if (common) return common;
  if (held.length < selection.ids.size) return "Some selected rows are not in sight; scroll to them first.";
  return whyNotAll("cancel", told);
}

function cancelOf(row: Slim, merchant: string, reason: string) {
  const key = crypto.randomUUID();
  const words = `Cancel ${row.reference ?? row.id}, ${row.amount} ${row.currency}`;
  return {
    id: row.id,
    words,
    asked: { method: "POST" as const, path: `/api/v1/payouts/${row.id}/cancel/`, merchant, key, body: { reason } },
  };
}

/** Requested first; then what was decided of each. */
export function Outcome({ run }: { run: Run }) {
  const standings = useSyncExternalStore(run.standings.listen, run.standings.get);
  const counts = tally(standings);
  const refused = [...standings].flatMap(([id, standing]) =>
    standing.state === "refused" ? [{ id, trouble: standing.trouble }] : [],
  );
  return (
    <div className="notice tone-wait" role="status">
      <p>
        {counts.decided} canceled, {counts.requested} requested and not decided, {counts.unknown} unknown, {counts.refused}{" "}
        refused.
      </p>
      {refused.length ? (
        <ul className="plain-list">
          {refused.map(({ id, trouble }) => (
            <li key={id}>
              <code>…{id.slice(-8)}</code> {trouble.parts.cause}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
