// A table of some rows: columns, sorting that lives in the address, a keyboard cursor (CON-21, CON-22). For long lists see the grid.
// Owns the markup. Must not fetch.
import {
  createSortedRowModel,
  rowSortingFeature,
  sortFns,
  tableFeatures,
  useTable,
  type ColumnDef,
  type RowData,
} from "@tanstack/react-table";
import { useMemo } from "react";
import { useRowKeys } from "~/shell/rowKeys";

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel(), sortFns });

export type Column<T extends RowData> = ColumnDef<typeof features, T, unknown> & { meta?: { money?: boolean } };

export interface ListTableProps<T extends RowData> {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  idOf: (row: T) => string;
  onOpen?: (row: T) => void;
  /** `column` or `-column`; kept by the page in the address. */
  sort?: string | undefined;
  onSort?: (sort: string | undefined) => void;
}

export function ListTable<T extends RowData>({ caption, columns, rows, idOf, onOpen, sort, onSort }: ListTableProps<T>) {
  const sorting = useMemo(() => (sort ? [{ id: sort.replace(/^-/, ""), desc: sort.startsWith("-") }] : []), [sort]);
  const table = useTable({ features, columns, data: rows, getRowId: idOf, state: { sorting } });
  const shown = table.getRowModel().rows;
  const keys = useRowKeys({
    count: shown.length,
    onOpen: (index) => shown[index] && onOpen?.(shown[index].original),
    idAt: (index) => shown[index]?.id,
  });
  return (
    <div className="table-room" tabIndex={0} role="group" aria-label={caption}>
      <table className="table">
        <caption className="hidden">{caption}</caption>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => (
                <Head
                  key={header.id}
                  name={header.column.id}
                  sort={sort}
                  onSort={onSort}
                  money={isMoney(header.column.columnDef)}
                >
                  <table.FlexRender header={header} />
                </Head>
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {shown.map((row, index) => (
            <tr key={row.id} {...keys.row(index)} onDoubleClick={() => onOpen?.(row.original)}>
              {row.getAllCells().map((cell) => (
                <td
                  key={cell.id}
                  className={isMoney(cell.column.columnDef) ? "right" : undefined}
                  data-label={labelOf(cell.column.columnDef)}
                >
                  <table.FlexRender cell={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function isMoney(column: object): boolean {
  return (column as { meta?: { money?: boolean } }).meta?.money === true;
}

function labelOf(column: object): string {
  const header = (column as { header?: unknown }).header;
  return typeof header === "string" ? header : "";
}

interface HeadProps {
  name: string;
  sort: string | undefined;
  onSort: ((sort: string | undefined) => void) | undefined;
  money: boolean;
  children: React.ReactNode;
}

function Head({ name, sort, onSort, money, children }: HeadProps) {
  const order = sort === name ? "ascending" : sort === `-${name}` ? "descending" : "none";
  const next = order === "none" ? name : order === "ascending" ? `-${name}` : undefined;
  return (
    <th scope="col" aria-sort={order} className={money ? "right" : undefined}>
      {onSort ? (
        <button type="button" className="sorter" onClick={() => onSort(next)}>
          {children} <span aria-hidden="true">{order === "ascending" ? "↑" : order === "descending" ? "↓" : ""}</span>
        </button>
      ) : (
        children
      )}
    </th>
  );
}
