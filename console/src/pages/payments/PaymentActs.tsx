// What can be done to a payout now (CON-06): cancel it, see its payee. Each button says why it cannot be pressed, in the server's words.
// Owns the buttons. Must not show a state that the server has not decided.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, useSyncExternalStore, type FormEvent } from "react";
import { whyNotDo } from "~/acts/allowed";
import { keyOfAct } from "~/acts/keys";
import { Run } from "~/acts/run";
import { payoutActionsQuery, payoutQuery } from "~/api/reads";
import { write, type Payout } from "~/api/typed";
import { ActState, useCommonReason } from "~/pages/payouts/BatchActs";
import { ActButton } from "~/parts/ActButton";
import { DangerDialog, Dialog } from "~/parts/Dialog";
import { Money } from "~/parts/Money";
import { TroubleNotice } from "~/parts/TroubleNotice";

export function PaymentActs({ payout }: { payout: Payout }) {
  const cache = useQueryClient();
  const [asking, setAsking] = useState<"cancel" | "reveal" | null>(null);
  const [run] = useState(() => new Run());
  const standings = useSyncExternalStore(run.standings.listen, run.standings.get);
  const common = useCommonReason(payout.merchant_id);
  const told = useQuery(payoutActionsQuery(payout.merchant_id, payout.id, payout.version));
  const why = whyNotDo("cancel", told) ?? common;
  const cancel = (reason: string) => {
    setAsking(null);
    const asked = {
      method: "POST" as const,
      path: `/api/v1/payouts/${payout.id}/cancel/`,
      merchant: payout.merchant_id,
      body: { reason },
      key: keyOfAct("cancel", payout.id, reason),
    };
    const words = `Cancel ${payout.reference ?? payout.id}, ${payout.amount} ${payout.currency}`;
    void run
      .start([{ id: "cancel", words, asked }])
      .then(() => cache.invalidateQueries({ queryKey: payoutQuery(payout.merchant_id, payout.id).queryKey }));
  };
  return (
    <div className="stack">
      <div className="row">
        <ActButton why={why} className="button danger" onAct={() => setAsking("cancel")}>
          Cancel the payout
        </ActButton>
        <ActButton why={whyNotDo("reveal", told)} onAct={() => setAsking("reveal")}>
          Show the payee
        </ActButton>
      </div>
      {[...standings].map(([what, standing]) => (
        <ActState key={what} what={what} standing={standing} />
      ))}
      {asking === "cancel" ? (
        <DangerDialog
          danger={{
            title: "Cancel this payout?",
            what: (
              <p>
                It will not be paid; <Money amount={payout.amount} currency={payout.currency} /> goes back to the balance.
              </p>
            ),
            act: "Cancel it",
            blocked: why,
          }}
          onClose={() => setAsking(null)}
          onAct={cancel}
        />
      ) : null}
      {asking === "reveal" ? <Reveal payout={payout} onClose={() => setAsking(null)} /> : null}
    </div>
  );
}

/** The payee unmasked, for a reason; that somebody looked is in the audit trail before it is shown. Kept nowhere. */
function Reveal({ payout, onClose }: { payout: Payout; onClose: () => void }) {
  const [shown, setShown] = useState<Record<string, unknown> | null>(null);
  const [error, setError] = useState<unknown>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget).get("reason") ?? "");
    write("post", "/api/v1/payouts/{payout_id}/reveal/", {
      merchant: payout.merchant_id,
      place: { payout_id: payout.id },
      body: { reason },
    }).then(
      (given) => setShown(given.kind === "decided" ? { ...given.body.recipient_details, ...given.body.bank_account } : null),
      setError,
    );
  };
  return (
    <Dialog title="Show the payee" open onClose={onClose}>
      {shown ? (
        <dl className="facts">
          {Object.entries(shown).map(([name, value]) => (
            <div key={name} className="row">
              <dt>{name.replaceAll("_", " ")}</dt>
              <dd className="figures">{String(value)}</dd>
            </div>
          ))}
        </dl>
      ) : (
        <form className="stack" onSubmit={submit}>
          <label className="field">
            Reason (written to the audit trail)
            <input name="reason" minLength={4} maxLength={200} required autoFocus />
          </label>
          <div className="row">
            <button className="button primary">Show it</button>
          </div>
        </form>
      )}
      {error ? <TroubleNotice error={error} /> : null}
    </Dialog>
  );
}
