// A list that is read page by page: its panel, its table, each row once, and further ones on demand (CON-15, CON-22). Must not fetch.
import type { RowData } from "@tanstack/react-table";
import type { ReactNode } from "react";
import type { Source } from "~/freshness/Age";
import { count } from "~/money/amount";
import { ListTable, type ListTableProps } from "~/parts/ListTable";
import { Panel, type Loaded } from "~/parts/Panel";

/** The parts of an infinite query's result that a list looks at. */
export interface Paged<P> extends Loaded<{ pages: P[] }> {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

interface PagedListProps<T extends RowData, P> extends Omit<ListTableProps<T>, "rows"> {
  title: string;
  query: Paged<P>;
  /** Where the first page comes from and as of when. */
  source: (first: P | undefined) => Source;
  empty: ReactNode;
  actions?: ReactNode;
  /** What the first page says besides its rows. */
  besides?: (first: P | undefined) => ReactNode;
  /** What is said beside the number of rows while there are further ones; without it they are not counted. */
  soFar?: string;
  further?: string;
}

export function PagedList<T extends RowData, P extends { results: T[] }>({
  title,
  query,
  source,
  empty,
  actions,
  besides,
  soFar,
  further = "Read older ones",
  ...table
}: PagedListProps<T, P>) {
  return (
    <Panel
      title={title}
      query={query}
      source={(data) => source(data.pages[0])}
      isEmpty={(data) => data.pages.every((page) => page.results.length === 0)}
      empty={empty}
      actions={actions}
    >
      {(data) => {
        const rows = unique(
          data.pages.flatMap((page) => page.results),
          table.idOf,
        );
        const more = <Further query={query} words={further} />;
        return (
          <>
            {besides?.(data.pages[0])}
            <ListTable {...table} rows={rows} />
            {soFar ? (
              <p className="row faint">
                {count(rows.length)} {query.hasNextPage ? soFar : "in all."} {more}
              </p>
            ) : (
              more
            )}
          </>
        );
      }}
    </Panel>
  );
}

/** A row that moved between two pages is shown once. */
function unique<T>(rows: readonly T[], idOf: (row: T) => string): T[] {
  return [...new Map(rows.map((row) => [idOf(row), row])).values()];
}

function Further({ query, words }: { query: Paged<unknown>; words: string }) {
  if (!query.hasNextPage) return null;
  return (
    <button type="button" className="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
      {query.isFetchingNextPage ? "Reading…" : words}
    </button>
  );
}
