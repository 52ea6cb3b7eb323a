// Files of the API saved by the browser: results, templates, refused rows. Owns the name. Must not read what is in them.
import { addressOf, type Query } from "~/api/request";
import { newTrace } from "~/api/trace";
import { fromProblem, type Problem } from "~/api/trouble";

/** What a file is asked for with. `reason`: why payees are needed as they were sent; it is written to the audit trail (SEC-07). */
export interface Wanted {
  merchant: string;
  query?: Query;
  reason?: string | undefined;
}

/** Fetch a file and hand it to the browser. Throws Trouble. */
export async function download(path: string, about: Wanted): Promise<void> {
  const trace = newTrace();
  const response = await fetch(addressOf(path, about.query), {
    headers: {
      "X-Merchant-Id": about.merchant,
      traceparent: trace.header,
      ...(about.reason === undefined ? {} : { "Payflow-Reason": inHeader(about.reason) }),
    },
  });
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
    throw fromProblem(problem, response.status, { writes: false, traceId: trace.id });
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = nameIn(response.headers.get("Content-Disposition")) ?? path.split("/").filter(Boolean).slice(-2).join("-");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The file name of a Content-Disposition, or null. */
export function nameIn(disposition: string | null): string | null {
  const starred = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? "")?.[1];
  return starred ? decodeURIComponent(starred) : (/filename="?([^";]+)"?/i.exec(disposition ?? "")?.[1] ?? null);
}

/** Text as a header carries it: its UTF-8 bytes, each as one character. */
export function inHeader(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text.trim()));
}
