// Batches and payouts, most attention first, with counters and filters that live in the address (CON-07, CON-21). Owns which list is shown.
// Must not fetch rows itself.
import { getRouteApi, Link } from "@tanstack/react-router";
import { SaveView } from "~/place/SaveView";
import { BatchList } from "~/pages/payouts/BatchList";
import { Counters } from "~/pages/payouts/Counters";
import { PayoutList } from "~/pages/payouts/PayoutList";

const route = getRouteApi("/payouts");

export function Payouts() {
  const { view = "batches", attention } = route.useSearch();
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Payouts</h1>
        <nav className="tabs" aria-label="What is listed">
          <Link
            className={view === "batches" ? "tab active" : "tab"}
            from="/payouts"
            to="."
            search={(old) => ({ m: old.m, view: "batches" as const })}
          >
            Batches
          </Link>
          <Link
            className={view === "payouts" ? "tab active" : "tab"}
            from="/payouts"
            to="."
            search={(old) => ({ m: old.m, view: "payouts" as const })}
          >
            Single rows
          </Link>
          <NeedsAttention isOn={attention === "needed"} />
        </nav>
        <span className="grow" />
        <SaveView />
        <Link className="button primary" to="/submit">
          Submit a batch
        </Link>
      </header>
      <Counters />
      {view === "batches" ? <BatchList /> : <PayoutList />}
    </>
  );
}

function NeedsAttention({ isOn }: { isOn: boolean }) {
  const navigate = route.useNavigate();
  const toggle = () =>
    void navigate({
      search: ({ attention: _, status: __, ...old }) => (isOn ? old : { ...old, attention: "needed" as const }),
    });
  return (
    <button type="button" className="tab" aria-pressed={isOn} onClick={toggle}>
      Needs attention
    </button>
  );
}
