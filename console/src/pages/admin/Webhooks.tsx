// Webhooks (CON-19): endpoints and their health, deliveries with their attempts, sending again. Owns the page's order. Must not keep a secret.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Schemas } from "~/api/typed";
import { ofMerchant } from "~/api/reads";
import { asRead } from "~/freshness/source";
import { Attempts } from "~/pages/admin/Attempts";
import { Endpoint, NewEndpoint } from "~/pages/admin/Endpoint";
import { deliveriesPage, webhooksQuery } from "~/pages/admin/reads";
import type { Column } from "~/parts/ListTable";
import { Moment } from "~/parts/Moment";
import { PagedList } from "~/parts/PagedList";
import { Panel } from "~/parts/Panel";
import { Status } from "~/parts/Status";
import { useMerchant } from "~/place/merchant";

type Delivery = Schemas["Delivery"];
const route = getRouteApi("/webhooks");

const columns: Column<Delivery>[] = [
  { id: "at", header: "Event", accessorFn: (one) => one.event_at, cell: ({ row }) => <Moment at={row.original.event_at} /> },
  { id: "type", header: "Type", accessorFn: (one) => one.type },
  {
    id: "subject",
    header: "About",
    accessorFn: (one) => one.subject.id,
    cell: ({ row }) => <code>…{row.original.subject.id.slice(-8)}</code>,
  },
  {
    id: "status",
    header: "State",
    accessorFn: (one) => one.status,
    cell: ({ row }) => <Status status={row.original.status} />,
  },
  { id: "attempts", header: "Attempts", accessorFn: (one) => one.attempt_count },
  { id: "answer", header: "Last answer", accessorFn: (one) => one.last_error ?? one.last_status_code ?? "" },
  {
    id: "next",
    header: "Next try",
    accessorFn: (one) => one.next_attempt_at ?? "",
    cell: ({ row }) => <Moment at={row.original.next_attempt_at} exact />,
  },
];

export function Webhooks() {
  const merchant = useMerchant();
  const { delivery } = route.useSearch();
  const navigate = route.useNavigate();
  const webhooks = useQuery(webhooksQuery(merchant));
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Webhooks</h1>
      </header>
      <NewEndpoint merchant={merchant} />
      <Panel
        title="Endpoints"
        query={webhooks}
        source={() => asRead(webhooks.dataUpdatedAt, "webhooks")}
        isEmpty={(data) => data.count === 0}
        empty="No endpoint yet."
      >
        {(data) => (
          <ul className="plain-list stack">
            {data.results.map((one) => (
              <Endpoint key={one.id} webhook={one} merchant={merchant} />
            ))}
          </ul>
        )}
      </Panel>
      <Deliveries merchant={merchant} />
      {delivery ? (
        <Attempts
          id={delivery}
          merchant={merchant}
          onClose={() => void navigate({ search: ({ delivery: _, ...old }) => old })}
        />
      ) : null}
    </>
  );
}

function Deliveries({ merchant }: { merchant: string }) {
  const { webhook, status } = route.useSearch();
  const navigate = route.useNavigate();
  const filter = { ...(webhook ? { webhook_id: webhook } : {}), ...(status ? { status } : {}) };
  const query = useInfiniteQuery({
    queryKey: [...ofMerchant(merchant), "deliveries", filter],
    queryFn: ({ pageParam, signal }) => deliveriesPage(merchant, filter, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  return (
    <PagedList
      title={webhook ? "Deliveries of one endpoint" : "Deliveries"}
      query={query}
      source={() => asRead(query.dataUpdatedAt, "webhooks")}
      empty="Nothing was sent yet."
      actions={
        webhook ? (
          <button
            type="button"
            className="button"
            onClick={() => void navigate({ search: ({ webhook: _, ...old }) => old })}
          >
            Of all endpoints
          </button>
        ) : null
      }
      caption="Deliveries"
      columns={columns}
      idOf={(one) => one.id}
      onOpen={(one) => void navigate({ search: (old) => ({ ...old, delivery: one.id }) })}
    />
  );
}
