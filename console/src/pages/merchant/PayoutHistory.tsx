// All payouts of a merchant, newest first, as far back as one scrolls (CON-12). Owns nothing but the choice of the list.
import { useNavigate } from "@tanstack/react-router";
import { RowPanel } from "~/rows/RowPanel";
import { allPayouts } from "~/rows/sources";
import { useRows } from "~/rows/useRows";
import { useSelection } from "~/rows/useSelection";

export function PayoutHistory({ merchant }: { merchant: string }) {
  const rows = useRows(`history ${merchant}`, `payouts:${merchant}`, allPayouts(merchant, {}));
  const selection = useSelection();
  const navigate = useNavigate();
  return (
    <RowPanel
      title="Payouts"
      caption="Payouts of the merchant, newest first"
      rows={rows}
      count={rows.knownRows}
      empty="No payout yet."
      onOpen={(row) => void navigate({ to: "/payments/$id", params: { id: row.id } })}
      selection={selection}
    />
  );
}
