// The audit trail (CON-19): who did what, newest first; rows are only ever added. Owns the list. Must not leave anything out.
import { useInfiniteQuery } from "@tanstack/react-query";
import { asRead } from "~/freshness/source";
import { auditPage, type AuditEntry } from "~/pages/admin/reads";
import type { Column } from "~/parts/ListTable";
import { Moment } from "~/parts/Moment";
import { PagedList } from "~/parts/PagedList";
import { Word } from "~/parts/Status";

const columns: Column<AuditEntry>[] = [
  { id: "at", header: "When", accessorFn: (entry) => entry.at, cell: ({ row }) => <Moment at={row.original.at} exact /> },
  { id: "actor", header: "Who", accessorFn: (entry) => entry.actor },
  { id: "action", header: "What", accessorFn: (entry) => entry.action },
  {
    id: "outcome",
    header: "Outcome",
    accessorFn: (entry) => entry.outcome,
    cell: ({ row }) => <Word tone={row.original.outcome === "done" ? "good" : "warn"}>{row.original.outcome}</Word>,
  },
  { id: "subject", header: "On", accessorFn: (entry) => entry.subject ?? "" },
  { id: "reason", header: "Reason", accessorFn: (entry) => entry.reason ?? "" },
  { id: "merchants", header: "Merchants", accessorFn: (entry) => entry.merchants.join(", ") },
];

export function Audit() {
  const query = useInfiniteQuery({
    queryKey: ["audit"],
    queryFn: ({ pageParam, signal }) => auditPage(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Audit trail</h1>
      </header>
      <PagedList
        title="Entries"
        query={query}
        source={() => asRead(query.dataUpdatedAt, "identity")}
        empty="Nothing is recorded yet."
        caption="Audit trail"
        columns={columns}
        idOf={(entry) => entry.id}
      />
    </>
  );
}
