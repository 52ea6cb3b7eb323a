// What needs somebody first (CON-01, CON-07): batches and single payouts, the worst first, as the server ranks them.
// Owns how many are shown. Must not decide what needs attention.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { attentionQuery } from "~/api/reads";
import type { Schemas } from "~/api/typed";
import { fromViews } from "~/freshness/source";
import { count } from "~/money/amount";
import { Attention } from "~/parts/Status";
import { Moment } from "~/parts/Moment";
import { Panel } from "~/parts/Panel";
import { useMerchant } from "~/place/merchant";

const SHOWN = 10;
type Item = Schemas["AttentionItem"];

export function AttentionList() {
  const query = useQuery(attentionQuery(useMerchant()));
  return (
    <Panel
      title="Needs attention"
      query={query}
      source={(data) => fromViews(data, query.dataUpdatedAt)}
      isEmpty={(data) => data.results.length === 0}
      empty="Nothing needs you: no unknown outcome and no failure."
    >
      {(data) => (
        <>
          <ul className="attention">
            {data.results.slice(0, SHOWN).map((item) => (
              <li key={`${item.kind} ${item.id ?? ""}`}>
                <Attention level={item.level} />
                <Named item={item} />
                <span>{item.reason}</span>
                {item.since ? <Moment at={item.since} /> : null}
              </li>
            ))}
          </ul>
          {data.results.length > SHOWN ? (
            <Link to="/payouts" search={{ attention: "needed" }}>
              All {count(data.count)}
            </Link>
          ) : null}
        </>
      )}
    </Panel>
  );
}

function Named({ item }: { item: Item }) {
  if (item.kind === "batch" && item.id)
    return (
      <Link to="/payouts/$id" params={{ id: item.id }}>
        {item.name ?? `Batch …${item.id.slice(-8)}`}
      </Link>
    );
  if (item.kind === "payout" && item.id)
    return (
      <Link to="/payments/$id" params={{ id: item.id }}>
        {item.name ?? `Payout …${item.id.slice(-8)}`}
      </Link>
    );
  return <span>The views</span>;
}
