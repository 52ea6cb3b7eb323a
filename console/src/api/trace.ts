// A trace id of our own for every request, so that also an unanswered one can be found in the logs (W3C Trace Context).
// Owns the header's form. Must not know what is traced.

function hex(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export interface Trace {
  id: string;
  header: string;
}

export function newTrace(): Trace {
  const id = hex(16);
  return { id, header: `00-${id}-${hex(8)}-01` };
}
