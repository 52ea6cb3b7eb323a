// The beginning of a chosen file, to look at before it is sent (CON-09). Owns splitting text into cells. Must not judge: what the file means is
// read by the server, which tells all faults at once. XLSX and pain.001 are not opened here.

export interface Preview {
  header: string[];
  rows: string[][];
  /** The file goes on beyond what was looked at. */
  isPart: boolean;
}

export const LOOKED_AT = 64 * 1024;
const SHOWN = 10;

/** The first rows of a CSV text; null for what does not look like one. */
export function previewOf(text: string, isPart: boolean): Preview | null {
  if (text.startsWith("PK") || text.trimStart().startsWith("<") || text.includes("\u0000")) return null;
  const plain = text.replace(/^\ufeff/, "").replace(/^sep=.\r?\n/i, "");
  const records = split(plain, separatorOf(plain));
  const whole = isPart && records.length > 1 ? records.slice(0, -1) : records;
  const [header, ...rows] = whole.filter((cells) => cells.some((cell) => cell !== ""));
  return header ? { header, rows: rows.slice(0, SHOWN), isPart: isPart || rows.length > SHOWN } : null;
}

/** Comma, semicolon or tab: the one that the first line has most of. */
export function separatorOf(text: string): string {
  const first = text.split(/\r?\n/, 1)[0] ?? "";
  const counts = [",", ";", "\t"].map((mark) => [mark, first.split(mark).length] as const);
  return counts.toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? ",";
}

/** Cells of a CSV text, quotes and line ends inside quotes included. */
export function split(text: string, separator: string): string[][] {
  const records: string[][] = [[]];
  let cell = "";
  let isQuoted = false;
  const endCell = () => {
    records.at(-1)?.push(cell.trim());
    cell = "";
  };
  for (let at = 0; at < text.length; at += 1) {
    const mark = text[at];
    if (isQuoted && mark === '"' && text[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (mark === '"') isQuoted = !isQuoted;
    else if (!isQuoted && mark === separator) endCell();
    else if (!isQuoted && mark === "\n") {
      endCell();
      records.push([]);
    } else if (isQuoted || mark !== "\r") cell += mark ?? "";
  }
  endCell();
  return records;
}
