// Where rows of long lists come from: a batch by row number, a batch with filters and the list of payouts page by page.
// Owns cursors. The id of a batch's row is the batch's id with the row number as its last eight hex digits, so any page of a whole batch can
// be read at once; that it is so is checked with each page.
import { read } from "~/api/typed";
import { payoutsPage, type PayoutFilter } from "~/api/reads";
import { slimOf } from "~/rows/slim";
import { PAGE, type PageOfRows, type RowSource } from "~/rows/window";

/** The cursor behind which row `row + 1` comes. */
export function cursorBehind(batch: string, row: number): string {
  return row === 0 ? "" : batch.slice(0, -8) + row.toString(16).padStart(8, "0");
}

export function wholeBatch(merchant: string, batch: string): RowSource {
  return {
    page: async (cursor, signal) => {
      const found = await batchPage(merchant, batch, {}, cursor, signal);
      const expected = cursor === "" ? 1 : parseInt(cursor.slice(-8), 16) + 1;
      const first = found.rows[0];
      if (first && first.row !== expected)
        throw new Error(`Row ${String(expected)} was asked for and row ${String(first.row)} came.`);
      return found;
    },
    cursorOf: (page) => cursorBehind(batch, page * PAGE),
  };
}

export function filteredBatch(merchant: string, batch: string, filter: PayoutFilter): RowSource {
  return { page: (cursor, signal) => batchPage(merchant, batch, filter, cursor, signal) };
}

export function allPayouts(merchant: string, filter: PayoutFilter): RowSource {
  return {
    page: async (cursor, signal) => {
      const found = await payoutsPage(merchant, filter, cursor, signal, PAGE);
      return { rows: found.results.map(slimOf), next: found.next_cursor, freshness: found.freshness };
    },
  };
}

async function batchPage(
  merchant: string,
  batch: string,
  filter: PayoutFilter,
  cursor: string,
  signal: AbortSignal,
): Promise<PageOfRows> {
  const query = { ...given(filter), limit: PAGE, ...(cursor === "" ? {} : { cursor }) };
  const found = await read("/api/v1/batches/{batch_id}/rows/", { merchant, signal, place: { batch_id: batch }, query });
  return { rows: found.results.map(slimOf), next: found.next_cursor, freshness: found.freshness };
}

function given(filter: PayoutFilter): Record<string, string> {
  return Object.fromEntries(Object.entries(filter).filter((pair): pair is [string, string] => Boolean(pair[1])));
}
