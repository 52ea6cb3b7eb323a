// The rows of a batch, all of them or those of a state, live (CON-08, CON-10): failed rows in one click, new ones behind a button.
// Owns which list is asked for. Must not hold rows: the window does.
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { BatchNow, PayoutFilter } from "~/api/reads";
import { count } from "~/money/amount";
import { statusWord } from "~/parts/status";
import { Filters } from "~/pages/payouts/Filters";
import { SelectionBar } from "~/pages/payouts/SelectionBar";
import { filtersOf } from "~/place/filters";
import { useMerchant } from "~/place/merchant";
import { mayFit, unseen, waiting } from "~/rows/comers";
import { NewRows } from "~/rows/NewRows";
import { RowPanel } from "~/rows/RowPanel";
import { filteredBatch, wholeBatch } from "~/rows/sources";
import { useRows } from "~/rows/useRows";
import { useSelection } from "~/rows/useSelection";

const route = getRouteApi("/payouts/$id");

export function BatchRows({ batch }: { batch: BatchNow }) {
  const merchant = useMerchant();
  const filter = filtersOf(route.useSearch());
  const isWhole = Object.keys(filter).length === 0;
  const [shown, setShown] = useState({ rows: batch.row_count, epoch: 0, others: NONE });
  const source = isWhole ? wholeBatch(merchant, batch.id) : filteredBatch(merchant, batch.id, filter);
  const name = JSON.stringify([merchant, batch.id, filter, shown.epoch]);
  const rows = useRows(name, `batch:${batch.id}`, source, (changes) =>
    setShown((old) => {
      const known = ofList(old.others, name);
      const ids = waiting(known, changes, (change) => !isWhole && mayFit(filter, change));
      return ids === known ? old : { ...old, others: { name, ids } };
    }),
  );
  const selection = useSelection();
  const navigate = useNavigate();
  const more = isWhole
    ? batch.row_count - shown.rows
    : unseen(ofList(shown.others, name), (id) => rows.byId(id) !== undefined);
  return (
    <RowPanel
      title="Rows"
      caption="Rows of the batch, in order"
      rows={rows}
      count={isWhole ? shown.rows : rows.knownRows}
      empty={isWhole ? "No row yet." : "No row matches."}
      onOpen={(row) => void navigate({ to: "/payments/$id", params: { id: row.id } })}
      selection={selection}
    >
      <States batch={batch} filter={filter} />
      {isWhole ? null : <Filters />}
      <NewRows number={more} onShow={() => setShown({ rows: batch.row_count, epoch: shown.epoch + 1, others: NONE })} />
      <SelectionBar rows={rows} selection={selection} />
    </RowPanel>
  );
}

/** Rows that came into a filtered list since it was read, and which list that is. */
interface Others {
  name: string;
  ids: ReadonlySet<string>;
}
const NONE: Others = { name: "", ids: new Set() };

function ofList(others: Others, name: string): ReadonlySet<string> {
  return others.name === name ? others.ids : NONE.ids;
}

const FIRST = ["failed", "requires_action", "returned", "rejected"];

/** One click to the rows of a state, those that need somebody first. */
function States({ batch, filter }: { batch: BatchNow; filter: PayoutFilter }) {
  const navigate = route.useNavigate();
  const known = Object.entries(batch.counts).filter(([status, number]) => number > 0 || status === "failed");
  const ordered = known.toSorted(([a], [b]) => Number(FIRST.includes(b)) - Number(FIRST.includes(a)));
  const show = (status: string | undefined) =>
    void navigate({
      search: (old) => (status ? { m: old.m, status } : { m: old.m }) as typeof old,
      replace: true,
      resetScroll: false,
    });
  return (
    <div className="tabs" role="group" aria-label="Rows by state">
      <button type="button" className="tab" aria-pressed={!filter.status} onClick={() => show(undefined)}>
        All {count(batch.row_count)}
      </button>
      {ordered.map(([status, number]) => (
        <button
          key={status}
          type="button"
          className="tab"
          aria-pressed={filter.status === status}
          onClick={() => show(status)}
        >
          {statusWord(status)[0]} {count(number)}
        </button>
      ))}
    </div>
  );
}
