// Every change of a payout with who, why and its place on the log; each opens its record as it stands there (CON-25).
// Owns the list. Must not interpret a change.
import { useQuery } from "@tanstack/react-query";
import { historyQuery } from "~/api/reads";
import type { Schemas } from "~/api/typed";
import { fromViews } from "~/freshness/source";
import { Copy } from "~/parts/Copy";
import { ListTable, type Column } from "~/parts/ListTable";
import { LogPlace, placeOf } from "~/parts/LogPlace";
import { Moment } from "~/parts/Moment";
import { Panel } from "~/parts/Panel";
import { Status } from "~/parts/Status";
import { useMerchant } from "~/place/merchant";

type Change = Schemas["Change"];

const columns: Column<Change>[] = [
  { id: "at", header: "When", accessorFn: (change) => change.at, cell: ({ row }) => <Moment at={row.original.at} exact /> },
  {
    id: "to",
    header: "Became",
    accessorFn: (change) => change.to,
    cell: ({ row }) => <Status status={row.original.to} reason={row.original.reason} />,
  },
  {
    id: "why",
    header: "Why",
    accessorFn: (change) => change.failure_code ?? "",
    cell: ({ row }) => row.original.failure_reason ?? row.original.failure_code ?? "",
  },
  { id: "actor", header: "By", accessorFn: (change) => change.actor },
  { id: "attempt", header: "Attempt", accessorFn: (change) => change.attempt },
  {
    id: "place",
    header: "Log record",
    accessorFn: (change) => placeOf(change.position),
    cell: ({ row: { original: change } }) => (
      <LogPlace position={change.position}>
        ; made by the command <Copy text={change.command_id} />
      </LogPlace>
    ),
  },
];

export function History({ id }: { id: string }) {
  const history = useQuery(historyQuery(useMerchant(), id));
  return (
    <Panel
      title="History"
      query={history}
      source={(data) => fromViews(data, history.dataUpdatedAt)}
      isEmpty={(data) => data.results.length === 0}
      empty="Nothing has happened yet."
    >
      {(data) => (
        <ListTable
          caption="Changes of this payout"
          columns={columns}
          rows={data.results}
          idOf={(change) => placeOf(change.position)}
        />
      )}
    </Panel>
  );
}
