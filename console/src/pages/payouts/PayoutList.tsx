// Single payouts of a merchant, newest first, with filters in the address and new ones behind a button (CON-07, CON-10). Owns counting the
// new ones. Must not decide what matches: the server does.
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { PayoutFilter } from "~/api/reads";
import type { Change } from "~/feed/messages";
import { Filters } from "~/pages/payouts/Filters";
import { filtersOf } from "~/place/filters";
import { useMerchant } from "~/place/merchant";
import { isEntered, mayFit, unseen, waiting } from "~/rows/comers";
import { NewRows } from "~/rows/NewRows";
import { RowPanel } from "~/rows/RowPanel";
import { allPayouts } from "~/rows/sources";
import { useRows } from "~/rows/useRows";
import { useSelection } from "~/rows/useSelection";
import { SelectionBar } from "~/pages/payouts/SelectionBar";

/** The levels of attention that somebody has to do with. */
const NEEDED = "action_required,warning";
const route = getRouteApi("/payouts");

export function PayoutList() {
  const merchant = useMerchant();
  const { attention, ...search } = route.useSearch();
  const filters = filtersOf(search);
  const filter: PayoutFilter = attention === "needed" && !filters.status ? { ...filters, attention: NEEDED } : filters;
  const [fresh, setFresh] = useState(NOTHING);
  const navigate = useNavigate();
  const selection = useSelection();
  const name = JSON.stringify([merchant, filter, fresh.epoch]);
  const rows = useRows(name, `payouts:${merchant}`, allPayouts(merchant, filter), (others) =>
    setFresh((old) => {
      const known = old.name === name ? old.ids : NOTHING.ids;
      const ids = waiting(known, others, (change) => comes(filter, change, rows.row(0)?.id));
      return ids === known ? old : { ...old, name, ids };
    }),
  );
  const found = fresh.name === name ? unseen(fresh.ids, (id) => rows.byId(id) !== undefined) : 0;
  return (
    <RowPanel
      title="Single rows"
      caption="Payouts, newest first"
      rows={rows}
      count={rows.knownRows}
      empty="No payout matches these filters."
      onOpen={(row) => void navigate({ to: "/payments/$id", params: { id: row.id } })}
      selection={selection}
    >
      <Filters />
      <NewRows number={found} onShow={() => setFresh({ ...NOTHING, epoch: fresh.epoch + 1 })} />
      <SelectionBar rows={rows} selection={selection} />
    </RowPanel>
  );
}

/** Which list was read, how often it was begun anew, and who waits to be shown in it. */
const NOTHING: { name: string; epoch: number; ids: ReadonlySet<string> } = { name: "", epoch: 0, ids: new Set() };

/**
 * Whether a payout that is not shown belongs to the list as far as it tells: made after the newest one that is shown (ids rise with time), or come
 * into the list by its new state.
 */
export function comes(filter: PayoutFilter, change: Change, top: string | undefined): boolean {
  return mayFit(filter, change) && (isEntered(filter) || top === undefined || change.id > top);
}
