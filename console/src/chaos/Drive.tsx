// Driving the simulator for one payout (CON-05): how it ends, chosen by hand, in a sandbox. Owns the buttons. Must not show an outcome as
// decided: Payflow hears of it as of any word of a provider, and the page shows that.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Payout } from "~/api/typed";
import { outcomeQuery, setOutcome } from "~/chaos/development";
import { useWrite } from "~/pages/admin/useWrite";
import { TroubleNotice } from "~/parts/TroubleNotice";

/** Where a provider still has a word to say. */
const OPEN = ["pending", "processing", "requires_action"];
const WORDS: Record<string, string> = { paid: "Let it be paid", failed: "Let it fail", hang: "Let it hang" };

export function Drive({ payout }: { payout: Payout }) {
  const cache = useQueryClient();
  const query = outcomeQuery(payout.merchant_id, payout.id, payout.version);
  const outcome = useQuery({ ...query, enabled: OPEN.includes(payout.status) }).data;
  const { run, error, isBusy } = useWrite(() => cache.invalidateQueries({ queryKey: query.queryKey }));
  if (!outcome || !OPEN.includes(payout.status)) return null;
  return (
    <div className="stack" role="group" aria-label="Sandbox: drive the provider simulator">
      <p className="faint">
        Sandbox: the simulator{" "}
        {outcome.standing ? `says ${outcome.standing.replaceAll("_", " ")}` : "has not heard of it yet"}
        {outcome.chosen ? `; chosen: ${outcome.chosen}` : ""}.
      </p>
      <div className="row">
        {outcome.outcomes.map((one) => (
          <button
            key={one}
            type="button"
            className="button"
            disabled={isBusy}
            onClick={() => void run(() => setOutcome(payout.merchant_id, payout.id, { outcome: one }))}
          >
            {WORDS[one] ?? one}
          </button>
        ))}
      </div>
      {error ? <TroubleNotice error={error} /> : null}
    </div>
  );
}
