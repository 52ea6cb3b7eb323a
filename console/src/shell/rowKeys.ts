// Moving through the rows of a list by keyboard: `j` `k`, `Enter`, `x` (CON-22). Owns the cursor of a list, which stays on its row when others
// come in before it: Enter must never open what has just moved there. Must not know its rows.
import { useState } from "react";
import { useKey } from "~/shell/keys";

interface RowKeys {
  count: number;
  onOpen?: (index: number) => void;
  onSelect?: (index: number) => void;
  /** What makes a row itself wherever it stands; without it rows stay where they are. */
  idAt?: (index: number) => string | undefined;
  /** Bring a row into sight; where all rows are in the page the browser does it. */
  onMove?: (index: number) => void;
}

interface Stand {
  index: number;
  id?: string;
}

export function useRowKeys({ count, onOpen, onSelect, idAt, onMove }: RowKeys) {
  const [stand, setStand] = useState<Stand>({ index: -1 });
  const at = placeOf(stand, count, idAt);
  const setAt = (index: number) => setStand({ index, id: idAt?.(index) });
  const go = (next: number) => {
    setAt(next);
    onMove?.(next);
  };
  const move = (step: number) => {
    if (count === 0) return false;
    go(Math.min(count - 1, Math.max(0, (at >= 0 ? at : stand.index) + step)));
    return true;
  };
  useKey("j", () => move(1));
  useKey("k", () => move(-1));
  useKey("Enter", () => (at >= 0 && at < count && onOpen ? onOpen(at) : false));
  useKey("x", () => (at >= 0 && at < count && onSelect ? onSelect(at) : false));
  return {
    at,
    setAt,
    go,
    row: (index: number) => ({ ...marked(index === at), onClick: () => setAt(index) }),
  };
}

/** Where the row of the cursor stands now; -1 if it has left the list. */
function placeOf({ index, id }: Stand, count: number, idAt: RowKeys["idAt"]): number {
  if (!idAt || id === undefined || idAt(index) === id) return index;
  for (let place = 0; place < count; place++) if (idAt(place) === id) return place;
  return -1;
}

/** What a row in the page bears where the cursor stands: its mark, and that it is brought into sight. */
export function marked(isAt: boolean) {
  return {
    className: isAt ? "row-at" : undefined,
    "aria-current": isAt ? ("true" as const) : undefined,
    ref: isAt ? scrollTo : undefined,
  };
}

function scrollTo(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: "nearest" });
}
