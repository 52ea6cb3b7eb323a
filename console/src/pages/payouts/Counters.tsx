// How many payouts stand in each state, each figure a link to them (CON-07). Owns the states that are shown. Must not compute.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { countersQuery } from "~/api/reads";
import { fromViews } from "~/freshness/source";
import { useRefreshed } from "~/live/refresh";
import { count } from "~/money/amount";
import { Panel } from "~/parts/Panel";
import { Status } from "~/parts/Status";
import { useMerchant } from "~/place/merchant";

const SHOWN = ["requires_action", "failed", "returned", "pending", "processing", "completed"] as const;

export function Counters() {
  const merchant = useMerchant();
  const query = countersQuery(merchant);
  useRefreshed(merchant, [query.queryKey]);
  const counters = useQuery(query);
  return (
    <Panel title="Counts" query={counters} source={(data) => fromViews(data, counters.dataUpdatedAt)}>
      {(data) => (
        <ul className="counters">
          {SHOWN.map((status) => (
            <li key={status}>
              <Link to="/payouts" search={{ view: "payouts", status }}>
                <span className="counter">{count(data.by_status[status] ?? 0)}</span>
                <Status status={status} />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
