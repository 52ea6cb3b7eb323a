// Payments one by one (CON-05): a draft is written, looked at, submitted; nothing moves before. Owns the page's order.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { draftsQuery } from "~/api/reads";
import type { Schemas } from "~/api/typed";
import { asRead } from "~/freshness/source";
import { ListTable, type Column } from "~/parts/ListTable";
import { Money } from "~/parts/Money";
import { Moment } from "~/parts/Moment";
import { Panel } from "~/parts/Panel";
import { Status } from "~/parts/Status";
import { DraftReview } from "~/pages/payments/DraftReview";
import { PaymentForm } from "~/pages/payments/PaymentForm";
import { useMerchant } from "~/place/merchant";

type Draft = Schemas["Draft"];
const route = getRouteApi("/payments");

const columns: Column<Draft>[] = [
  {
    id: "status",
    header: "State",
    accessorFn: (draft) => draft.status,
    cell: ({ row }) => <Status status={row.original.status} />,
  },
  { id: "what", header: "Draft", accessorFn: (draft) => draft.id, cell: ({ row }) => <DraftLink draft={row.original} /> },
  {
    id: "amount",
    header: "Amount",
    meta: { money: true },
    accessorFn: (draft) => draft.id,
    cell: ({ row }) => <DraftAmount draft={row.original} />,
  },
  {
    id: "changed",
    header: "Changed",
    accessorFn: (draft) => draft.updated_at,
    cell: ({ row }) => <Moment at={row.original.updated_at} />,
  },
];

export function Payments() {
  const merchant = useMerchant();
  const { draft } = route.useSearch();
  const navigate = route.useNavigate();
  const drafts = useQuery(draftsQuery(merchant));
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Payments</h1>
        <p className="faint">A draft moves no money. Submitting asks for it, once, under the draft's own key.</p>
      </header>
      <div className="columns">
        <PaymentForm
          key={merchant}
          merchant={merchant}
          onDrafted={(id) => void navigate({ search: (old) => ({ ...old, draft: id }) })}
        />
        {draft ? <DraftReview key={draft} id={draft} merchant={merchant} /> : null}
      </div>
      <Panel
        title="Drafts"
        query={drafts}
        source={() => asRead(drafts.dataUpdatedAt, "drafts")}
        isEmpty={(data) => data.results.length === 0}
        empty="No draft yet."
      >
        {(data) => (
          <ListTable
            caption="Drafts"
            columns={columns}
            rows={data.results}
            idOf={(one) => one.id}
            onOpen={(one) => void navigate({ search: (old) => ({ ...old, draft: one.id }) })}
          />
        )}
      </Panel>
    </>
  );
}

function DraftLink({ draft }: { draft: Draft }) {
  const name = String(draft.payout?.["reference"] ?? draft.batch?.["name"] ?? `…${draft.id.slice(-8)}`);
  if (draft.made)
    return (
      <Link to={draft.kind === "batch" ? "/payouts/$id" : "/payments/$id"} params={{ id: draft.id }}>
        {name}
      </Link>
    );
  return (
    <Link to="/payments" search={{ draft: draft.id }}>
      {name}
    </Link>
  );
}

function DraftAmount({ draft }: { draft: Draft }) {
  const { amount, currency } = draft.payout ?? {};
  if (typeof amount !== "string" || typeof currency !== "string")
    return <span className="faint">{draft.kind === "batch" ? "a batch" : "as written"}</span>;
  return <Money amount={amount} currency={currency} />;
}
