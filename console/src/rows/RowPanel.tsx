// A long list in a panel: the window's state as the five views. Owns that a failed page is told and read again. Must not know filters.
import { useSyncExternalStore, type ReactNode } from "react";
import { Panel, type Loaded } from "~/parts/Panel";
import { RowGrid } from "~/rows/RowGrid";
import type { Slim } from "~/rows/slim";
import type { Selection } from "~/rows/useSelection";
import type { RowWindow } from "~/rows/window";

interface RowPanelProps {
  title: string;
  caption: string;
  rows: RowWindow;
  count: number;
  empty: ReactNode;
  onOpen: (row: Slim) => void;
  selection: Selection;
  children?: ReactNode;
}

export function RowPanel({ title, caption, rows, count, empty, onOpen, selection, children }: RowPanelProps) {
  useSyncExternalStore(rows.listen, () => rows.revision);
  const query: Loaded<number> = {
    data: rows.asOf,
    error: rows.error === null ? null : rows.error instanceof Error ? rows.error : new Error(String(rows.error)),
    isFetching: rows.isReading,
    fetchStatus: rows.isReading ? "fetching" : "idle",
    refetch: () => rows.renew(),
  };
  const isEmpty = rows.wasRead && !rows.isReading && !rows.row(0) && count === 0;
  return (
    <Panel
      title={title}
      query={query}
      source={(asOf) => (asOf ? { asOf, name: "views", live: true } : null)}
      isEmpty={() => false}
    >
      {() => (
        <div className="stack">
          {children}
          {isEmpty ? (
            <div className="empty">{empty}</div>
          ) : !rows.wasRead && rows.error !== null ? null : (
            <RowGrid
              caption={caption}
              rows={rows}
              count={count}
              onOpen={onOpen}
              selected={selection.ids}
              onSelect={(row) => selection.toggle(row.id)}
            />
          )}
        </div>
      )}
    </Panel>
  );
}
