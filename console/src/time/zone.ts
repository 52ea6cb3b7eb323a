// Times in the zone that the reader chose (CON-24): UTC, this computer's, or the merchant's. Owns how a moment is written.
// Must not read the clock: "now" is given.

export type ZoneChoice = "utc" | "local" | "merchant";

/** The IANA name behind a choice; the merchant's zone is named by the reader, UTC until it is. */
export function zoneName(choice: ZoneChoice, merchantZone: string | null): string {
  if (choice === "local") return Intl.DateTimeFormat().resolvedOptions().timeZone;
  return choice === "merchant" ? (merchantZone ?? "UTC") : "UTC";
}

/** Whether the browser knows a zone of this name. */
export function isZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}

const PARTS: Intl.DateTimeFormatOptions = {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
};

/** Making a formatter costs many times what using it does, and a list writes hundreds of moments a second. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-CA", { ...PARTS, timeZone: zone });
  formatters.set(zone, made);
  return made;
}

function partsOf(at: number, zone: string): Record<string, string> {
  const parts = formatterOf(zone).formatToParts(at);
  return Object.fromEntries(parts.map((part) => [part.type, part.value]));
}

/** The second that was written last in a zone: rows that move together were often changed in the same one. */
const written = new Map<string, { second: number; text: string }>();

/** `2026-11-21 14:03:09` in the zone. */
export function absolute(at: number, zone: string): string {
  const second = Math.floor(at / 1000);
  const last = written.get(zone);
  if (last?.second === second) return last.text;
  const text = textOf(partsOf(at, zone));
  written.set(zone, { second, text });
  return text;
}

function textOf(p: Record<string, string>): string {
  return `${p["year"] ?? ""}-${p["month"] ?? ""}-${p["day"] ?? ""} ${p["hour"] ?? ""}:${p["minute"] ?? ""}:${p["second"] ?? ""}`;
}

/** `14:03:09` in the zone. */
export function clock(at: number, zone: string): string {
  return absolute(at, zone).slice(11);
}

/** `2 min ago` under 24 h, the absolute time after that and for the future. */
export function relative(at: number, now: number, zone: string): string {
  const seconds = Math.floor((now - at) / 1000);
  if (seconds < -1 || seconds >= 86_400) return absolute(at, zone);
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${String(seconds)} s ago`;
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))} min ago`;
  return `${String(Math.floor(seconds / 3600))} h ${String(Math.floor((seconds % 3600) / 60))} min ago`;
}

/** The first moment of the day of `now` in the zone, as RFC 3339 in UTC. */
export function startOfDay(now: number, zone: string): string {
  const p = partsOf(now, zone);
  const sinceMidnight =
    Number(p["hour"]) * 3_600_000 + Number(p["minute"]) * 60_000 + Number(p["second"]) * 1000 + (now % 1000);
  const guess = now - sinceMidnight;
  const shift = guessShift(guess, zone); // a clock change since midnight moves it by an hour
  return new Date(guess + shift).toISOString();
}

function guessShift(guess: number, zone: string): number {
  const hour = Number(partsOf(guess, zone)["hour"]);
  if (hour === 0) return 0;
  return hour < 12 ? -hour * 3_600_000 : (24 - hour) * 3_600_000;
}

/** `3 d 4 h`, `12 min`, `45 s`: a length of time in two steps. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [d, h, m] = [Math.floor(seconds / 86_400), Math.floor((seconds % 86_400) / 3600), Math.floor((seconds % 3600) / 60)];
  if (d) return `${String(d)} d ${String(h)} h`;
  if (h) return `${String(h)} h ${String(m)} min`;
  return m ? `${String(m)} min` : `${String(seconds)} s`;
}
