// Faults of a file as rows and cells that can be mended in place (CON-09). Owns the grouping and the body of corrections. Must not judge.

export interface CellFault {
  field: string;
  column: string;
  detail: string;
}

export interface FaultyRow {
  row: number;
  cells: CellFault[];
}

interface Told {
  pointer?: unknown;
  detail?: unknown;
  row?: unknown;
  column?: unknown;
}

/** By row, in order; what is wrong with the file as a whole apart. */
export function groupFaults(faults: readonly Told[]): { rows: FaultyRow[]; whole: string[] } {
  const rows = new Map<number, CellFault[]>();
  const whole: string[] = [];
  for (const fault of faults) {
    const row = Number(fault.row);
    const detail = String(fault.detail ?? "");
    if (!fault.row || !Number.isInteger(row)) whole.push(detail);
    else rows.set(row, [...(rows.get(row) ?? []), cellOf(fault, detail)]);
  }
  return { rows: [...rows].toSorted(([a], [b]) => a - b).map(([row, cells]) => ({ row, cells })), whole };
}

function cellOf(fault: Told, detail: string): CellFault {
  const field =
    String(fault.pointer ?? "")
      .split("/")
      .at(-1) ?? "";
  return { field, column: typeof fault.column === "string" ? fault.column : field, detail };
}

/** What was typed, keyed `<row> <field>`, as the API takes it; empty cells are left as they are. */
export function correctionsOf(typed: Record<string, string>): { rows: { row: number; cells: Record<string, string> }[] } {
  const rows = new Map<number, Record<string, string>>();
  for (const [place, value] of Object.entries(typed)) {
    const [row = "", field = ""] = place.split(" ");
    if (value.trim() !== "") rows.set(Number(row), { ...rows.get(Number(row)), [field]: value.trim() });
  }
  return { rows: [...rows].toSorted(([a], [b]) => a - b).map(([row, cells]) => ({ row, cells })) };
}
