// Start views (CON-21): finance begins with transactions, operations with settlements, incident responders with failures.
// Owns the three and keeping the reader's choice. Must not draw pages.
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { preferences } from "~/keep/preferences";

const AIMS = {
  finance: { to: "/transactions", search: {} },
  operations: { to: "/payouts", search: { view: "batches" } },
  incidents: { to: "/payouts", search: { view: "payouts", status: "failed,requires_action,returned" } },
} as const;

let isFirst = true;

/** Links to the start views; on the very first page of a visit the reader's own is opened. */
export function Starts() {
  const navigate = useNavigate();
  useEffect(() => {
    const { start } = preferences();
    if (isFirst && start === "finance") void navigate({ ...AIMS.finance, replace: true });
    if (isFirst && start === "operations") void navigate({ ...AIMS.operations, replace: true });
    if (isFirst && start === "incidents") void navigate({ ...AIMS.incidents, replace: true });
    isFirst = false;
  }, [navigate]);
  return (
    <nav className="tabs" aria-label="Start views">
      <Link className="tab" {...AIMS.finance}>
        Finance: transactions
      </Link>
      <Link className="tab" {...AIMS.operations}>
        Operations: settlements
      </Link>
      <Link className="tab" {...AIMS.incidents}>
        Incidents: failures
      </Link>
    </nav>
  );
}
