// The batches of a merchant, those that need somebody first (CON-07), as the server ranks them. Owns the columns. Further ones are read on
// demand.
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { batchesPage, ofMerchant } from "~/api/reads";
import type { Batch } from "~/api/typed";
import { fromViews } from "~/freshness/source";
import { useRefreshed } from "~/live/refresh";
import { count } from "~/money/amount";
import type { Column } from "~/parts/ListTable";
import { Sums } from "~/parts/Money";
import { Moment } from "~/parts/Moment";
import { PagedList } from "~/parts/PagedList";
import { attentionRank } from "~/parts/status";
import { Attention, Status } from "~/parts/Status";
import { useMerchant } from "~/place/merchant";
import { sumsOf } from "~/pages/payouts/sums";

const route = getRouteApi("/payouts");

const columns: Column<Batch>[] = [
  {
    id: "attention",
    header: "Attention",
    accessorFn: (batch) => attentionRank(batch.attention),
    cell: ({ row }) => <Attention level={row.original.attention} />,
  },
  { id: "name", header: "Batch", accessorFn: nameOf, cell: ({ row }) => <BatchName batch={row.original} /> },
  {
    id: "status",
    header: "State",
    accessorFn: (batch) => batch.status,
    cell: ({ row }) => <Status status={row.original.status} />,
  },
  {
    id: "rows",
    header: "Ended",
    accessorFn: (batch) => batch.progress["percent"] ?? 0,
    cell: ({ row }) => <Progress batch={row.original} />,
  },
  {
    id: "sum",
    header: "Gross",
    meta: { money: true },
    accessorFn: nameOf,
    cell: ({ row }) => <Sums items={sumsOf(row.original, "gross")} />,
  },
  {
    id: "created",
    header: "Created",
    accessorFn: (batch) => batch.created_at,
    cell: ({ row }) => <Moment at={row.original.created_at} />,
  },
];

export function nameOf(batch: Pick<Batch, "id" | "name" | "reference">): string {
  return batch.name ?? batch.reference ?? `…${batch.id.slice(-8)}`;
}

export function BatchList() {
  const merchant = useMerchant();
  const { attention, sort } = route.useSearch();
  const needed = attention === "needed";
  const change = route.useNavigate();
  const navigate = useNavigate();
  useRefreshed(merchant, [[...ofMerchant(merchant), "batches", "list"]]);
  const query = useInfiniteQuery({
    queryKey: [...ofMerchant(merchant), "batches", "list", needed],
    queryFn: ({ pageParam, signal }) => batchesPage(merchant, pageParam, needed, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  return (
    <PagedList
      title="Batches"
      query={query}
      source={(first) => fromViews(first ?? {}, query.dataUpdatedAt)}
      empty={needed ? "No batch needs you." : "No batch yet. Submit a file, or send one to POST /api/v1/batches/upload/."}
      soFar="so far, those that need somebody first."
      further="Read more"
      caption="Batches"
      columns={columns}
      idOf={(batch) => batch.id}
      sort={sort}
      onSort={(next) => void change({ search: (old) => ({ ...old, sort: next }) as typeof old, replace: true })}
      onOpen={(batch) => void navigate({ to: "/payouts/$id", params: { id: batch.id } })}
    />
  );
}

function BatchName({ batch }: { batch: Batch }) {
  const navigate = useNavigate();
  return (
    <span className="stack-tight">
      <button
        type="button"
        className="linkish"
        onClick={() => void navigate({ to: "/payouts/$id", params: { id: batch.id } })}
      >
        {nameOf(batch)}
      </button>
      {batch.attention_reason ? <span className="faint">{batch.attention_reason}</span> : null}
    </span>
  );
}

export function Progress({ batch }: { batch: Pick<Batch, "progress"> }) {
  const { done = 0, total = 0, percent = 0 } = batch.progress;
  return (
    <span className="progress">
      <progress max={100} value={percent} aria-label={`${String(percent)} % ended`} />
      <span className="figures">
        {count(done)} of {count(total)}
      </span>
    </span>
  );
}
