// Single payouts of a merchant, newest first, with filters in the address and new ones behind a button (CON-07, CON-10). Owns counting the
// new ones. Must not decide what matches: the server does.
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { PayoutFilter } from "~/api/reads";
import { fromViews } from "~/freshness/source";
import type { Change } from "~/feed/messages";
import { count } from "~/money/amount";
import { Filters } from "~/pages/payouts/Filters";
import { filtersOf } from "~/place/filters";
import { useMerchant } from "~/place/merchant";
import { RowPanel } from "~/rows/RowPanel";
import { allPayouts } from "~/rows/sources";
import { useRows } from "~/rows/useRows";
import { useSelection } from "~/rows/useSelection";
import { SelectionBar } from "~/pages/payouts/SelectionBar";

const route = getRouteApi("/payouts");

export function PayoutList() {
  const merchant = useMerchant();
  const { attention, ...search } = route.useSearch();
  const filters = filtersOf(search);
  const filter: PayoutFilter =
    attention === "needed" && !filters.status ? { ...filters, status: "requires_action,failed" } : filters;
  const [fresh, setFresh] = useState({ epoch: 0, ids: new Set<string>() });
  const navigate = useNavigate();
  const selection = useSelection();
  const rows = useRows(
    JSON.stringify([merchant, filter, fresh.epoch]),
    `payouts:${merchant}`,
    allPayouts(merchant, filter),
    (others) => {
      const found = newer(others, rows.row(0)?.id);
      if (found.length) setFresh((old) => ({ ...old, ids: new Set([...old.ids, ...found].slice(-COUNTED_MAX)) }));
    },
  );
  return (
    <RowPanel
      title="Single rows"
      caption="Payouts, newest first"
      rows={rows}
      count={rows.knownRows}
      source={(readAt) => fromViews({}, readAt)}
      empty="No payout matches these filters."
      onOpen={(row) => void navigate({ to: "/payments/$id", params: { id: row.id } })}
      selection={selection}
    >
      <Filters />
      {fresh.ids.size ? (
        <button
          type="button"
          className="button primary"
          onClick={() => setFresh((old) => ({ epoch: old.epoch + 1, ids: new Set() }))}
        >
          {fresh.ids.size >= COUNTED_MAX ? `${count(COUNTED_MAX)} or more` : count(fresh.ids.size)} new: show them
        </button>
      ) : null}
      <SelectionBar rows={rows} selection={selection} />
    </RowPanel>
  );
}

const COUNTED_MAX = 9_999;

/** Ids behind the newest one that is shown: ids rise with time. Whether they match the filters is known when they are read. */
export function newer(changes: readonly Change[], top: string | undefined): string[] {
  return changes.filter((change) => top === undefined || change.id > top).map((change) => change.id);
}
