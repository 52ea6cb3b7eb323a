// Every try of one delivery with what came back, and sending it again (CON-19). Must not change what was sent.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ofMerchant } from "~/api/reads";
import { write } from "~/api/typed";
import { asRead } from "~/freshness/source";
import { attemptsQuery } from "~/pages/admin/reads";
import { useWrite } from "~/pages/admin/useWrite";
import { Dialog } from "~/parts/Dialog";
import { Moment } from "~/parts/Moment";
import { Panel } from "~/parts/Panel";
import { TroubleNotice } from "~/parts/TroubleNotice";

export function Attempts({ id, merchant, onClose }: { id: string; merchant: string; onClose: () => void }) {
  const cache = useQueryClient();
  const attempts = useQuery(attemptsQuery(merchant, id));
  const { run, error, isBusy } = useWrite(() =>
    Promise.all([attempts.refetch(), cache.invalidateQueries({ queryKey: [...ofMerchant(merchant), "deliveries"] })]),
  );
  return (
    <Dialog title="One delivery" open onClose={onClose} wide>
      <Panel
        title="Attempts"
        query={attempts}
        source={() => asRead(attempts.dataUpdatedAt, "webhooks")}
        isEmpty={(data) => data.count === 0}
        empty="Not tried yet."
      >
        {(data) => (
          <ol className="stack">
            {data.results.map((attempt) => (
              <li key={attempt.number}>
                <Moment at={attempt.at} exact /> {attempt.error ?? `answered ${String(attempt.status_code)}`},{" "}
                {attempt.duration_ms} ms
                {attempt.answer ? <pre className="record">{attempt.answer}</pre> : null}
              </li>
            ))}
          </ol>
        )}
      </Panel>
      <button
        type="button"
        className="button"
        disabled={isBusy}
        onClick={() =>
          void run(() =>
            write("post", "/api/v1/deliveries/{delivery_id}/send-again/", { merchant, place: { delivery_id: id } }),
          )
        }
      >
        {isBusy ? "Requested…" : "Send it again"}
      </button>
      {error ? <TroubleNotice error={error} /> : null}
    </Dialog>
  );
}
