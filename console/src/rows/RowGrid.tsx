// The grid of a long list: only what is in sight is in the page, at most 200 rows of it (CON-10); counted for readers that cannot see (CON-23).
// Owns scrolling, the keyboard and the selection's marks. Must not fetch: the window does.
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useId, useRef, useSyncExternalStore, type KeyboardEvent } from "react";
import { Money } from "~/parts/Money";
import { Moment } from "~/parts/Moment";
import { openPlainly } from "~/parts/openPlainly";
import { Status } from "~/parts/Status";
import { useMerchant } from "~/place/merchant";
import { useSteady } from "~/parts/steady";
import type { Slim } from "~/rows/slim";
import type { RowWindow } from "~/rows/window";
import { useRowKeys } from "~/shell/rowKeys";

const HEIGHT = 34;
/** Rows drawn beyond what is in sight, on either side. */
const BEYOND = 24;
/** The most rows that the box shows, whatever the screen: with what is beyond stays under 200. */
const SEEN_MAX = 120;

export interface GridProps {
  caption: string;
  rows: RowWindow;
  count: number;
  onOpen: (row: Slim) => void;
  /** Keys of selected rows; the page keeps them in the address. */
  selected: ReadonlySet<string>;
  onSelect: (row: Slim) => void;
}

export function RowGrid({ caption, rows, count, onOpen, selected, onSelect }: GridProps) {
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  useSyncExternalStore(rows.listen, () => rows.revision);
  const [open, select] = [useSteady(onOpen), useSteady(onSelect)];
  const merchant = useMerchant();
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => HEIGHT,
    overscan: BEYOND,
  });
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => {
    if (count > 0) rows.need(first, last);
  }, [rows, first, last, count]);
  const at = (index: number, act: (row: Slim) => void) => {
    const row = rows.row(index);
    if (row) act(row);
  };
  const keys = useRowKeys({
    count,
    onOpen: (index) => at(index, onOpen),
    onSelect: (index) => at(index, onSelect),
    onMove: (index) => virtual.scrollToIndex(index, { align: "auto" }),
  });
  return (
    <div
      ref={box}
      className="grid"
      style={{ height: Math.min(SEEN_MAX, Math.max(6, count + 1)) * HEIGHT }}
      role="grid"
      aria-label={caption}
      aria-rowcount={count + 1}
      aria-colcount={7}
      aria-multiselectable
      tabIndex={0}
      aria-activedescendant={keys.at >= 0 ? `${id}-${String(keys.at)}` : undefined}
      onKeyDown={(event) => onArrows(event, count, keys.at, (next) => keys.go(next))}
    >
      <GridHead />
      <div role="rowgroup" className="grid-body" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => (
          <GridRow
            key={item.index}
            id={`${id}-${String(item.index)}`}
            index={item.index}
            top={item.start}
            row={rows.row(item.index)}
            isMissing={rows.isMissing(item.index)}
            merchant={merchant}
            isAt={item.index === keys.at}
            isSelected={selected.has(rows.row(item.index)?.id ?? "")}
            onAt={keys.setAt}
            onOpen={open}
            onSelect={select}
          />
        ))}
      </div>
    </div>
  );
}

/** Arrows and pages for whoever does not use single keys. */
function onArrows(event: KeyboardEvent, count: number, at: number, go: (index: number) => void): void {
  const to: Record<string, number> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + 20,
    PageUp: at - 20,
    Home: 0,
    End: count - 1,
  };
  const next = to[event.key];
  if (next === undefined || count === 0) return;
  event.preventDefault();
  go(Math.min(count - 1, Math.max(0, next)));
}

const HEADS = ["", "Row", "Reference", "Payee", "Amount", "State", "Changed"];

function GridHead() {
  return (
    <div role="rowgroup" className="grid-head">
      <div role="row" aria-rowindex={1} className="grid-row">
        {HEADS.map((head) => (
          <span key={head} role="columnheader" className={head === "Amount" ? "right" : undefined}>
            {head || <span className="hidden">Selected</span>}
          </span>
        ))}
      </div>
    </div>
  );
}

interface GridRowProps {
  id: string;
  index: number;
  top: number;
  row: Slim | undefined;
  isMissing: boolean;
  merchant: string;
  isAt: boolean;
  isSelected: boolean;
  onAt: (index: number) => void;
  onOpen: (row: Slim) => void;
  onSelect: (row: Slim) => void;
}

/** Drawn again only when something of it changes: while scrolling most rows stay as they are. */
const GridRow = memo(function GridRow(props: GridRowProps) {
  const { id, index, top, row, isMissing, merchant, isAt, isSelected, onAt, onOpen, onSelect } = props;
  const place = { transform: `translateY(${String(top)}px)` };
  const role = { id, role: "row", "aria-rowindex": index + 2, "aria-selected": isSelected, style: place };
  const name = isAt ? "grid-row grid-placed row-at" : "grid-row grid-placed";
  if (!row)
    return (
      <div {...role} className={name} aria-busy={!isMissing}>
        <span role="gridcell" className="faint grid-wide">
          Row {index + 1} {isMissing ? "could not be read." : "is being read…"}
        </span>
      </div>
    );
  return (
    <div {...role} className={name} onClick={() => onAt(index)} onDoubleClick={() => onOpen(row)} data-version={row.version}>
      <span role="gridcell">
        <input
          type="checkbox"
          checked={isSelected}
          onChange={() => onSelect(row)}
          tabIndex={-1}
          aria-label={`Select ${row.row === null ? (row.reference ?? row.id) : `row ${String(row.row)}`}`}
        />
      </span>
      <span role="gridcell" className="figures faint">
        {row.row}
      </span>
      <span role="gridcell" className="cut">
        <a
          href={`/payments/${row.id}?m=${merchant}`}
          tabIndex={-1}
          onClick={(event) => openPlainly(event, () => onOpen(row))}
        >
          {row.reference ?? `…${row.id.slice(-8)}`}
        </a>
      </span>
      <span role="gridcell" className="cut figures">
        {row.payee}
      </span>
      <span role="gridcell" className="right">
        <Money amount={row.amount} currency={row.currency} />
      </span>
      <span role="gridcell" className="cut" title={row.why ?? undefined}>
        <Status status={row.status} reason={row.reason} /> {row.code ? <code>{row.code}</code> : null}
      </span>
      <span role="gridcell" className="faint">
        <Moment at={row.updated} />
      </span>
    </div>
  );
});
