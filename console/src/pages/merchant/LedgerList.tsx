// Credits and debits of a merchant, newest first, to the first one (CON-12). Owns the columns.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ofMerchant } from "~/api/reads";
import { read, type Schemas } from "~/api/typed";
import { fromViews } from "~/freshness/source";
import type { Column } from "~/parts/ListTable";
import { LogPlace } from "~/parts/LogPlace";
import { Money } from "~/parts/Money";
import { Moment } from "~/parts/Moment";
import { PagedList } from "~/parts/PagedList";

type Entry = Schemas["LedgerEntry"];
const PAGE = 100;

const columns: Column<Entry>[] = [
  {
    id: "at",
    header: "When",
    accessorFn: (entry) => entry.created_at,
    cell: ({ row }) => <Moment at={row.original.created_at} exact />,
  },
  { id: "what", header: "What", accessorFn: (entry) => entry.description, cell: ({ row }) => <What entry={row.original} /> },
  { id: "account", header: "Account", accessorFn: (entry) => entry.account },
  { id: "direction", header: "Direction", accessorFn: (entry) => entry.direction },
  {
    id: "amount",
    header: "Amount",
    meta: { money: true },
    accessorFn: (entry) => entry.id,
    cell: ({ row }) => <Money {...row.original} />,
  },
  {
    id: "place",
    header: "Log record",
    accessorFn: (entry) => entry.id,
    cell: ({ row: { original: entry } }) =>
      entry.record ? <LogPlace name={entry.id} position={{ index: 0, ...entry.record }} /> : null,
  },
];

export function LedgerList({ merchant }: { merchant: string }) {
  const query = useInfiniteQuery({
    queryKey: [...ofMerchant(merchant), "ledger"],
    queryFn: ({ pageParam, signal }) =>
      read("/api/v1/ledger/", { merchant, signal, query: { limit: PAGE, cursor: pageParam, include: ["record"] } }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
  return (
    <PagedList
      title="Credits and debits"
      query={query}
      source={(first) => fromViews(first ?? {}, query.dataUpdatedAt)}
      empty="No money has moved yet."
      soFar="so far."
      caption="Ledger entries"
      columns={columns}
      idOf={(entry) => entry.id}
    />
  );
}

function What({ entry }: { entry: Entry }) {
  if (entry.payout_id)
    return (
      <Link to="/payments/$id" params={{ id: entry.payout_id }}>
        {entry.description}
      </Link>
    );
  if (entry.batch_id)
    return (
      <Link to="/payouts/$id" params={{ id: entry.batch_id }}>
        {entry.description}
      </Link>
    );
  return entry.description;
}
