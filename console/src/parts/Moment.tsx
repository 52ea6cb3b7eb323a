// A moment in the reader's zone: relative under a day, absolute after; hovering or focusing gives UTC and local (CON-24). Must not fetch.
import { useNow, useZone } from "~/time/now";
import { absolute, relative } from "~/time/zone";

const LOCAL = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function Moment({ at, exact = false }: { at: string | null | undefined; exact?: boolean }) {
  const now = useNow();
  const zone = useZone();
  const ms = at ? Date.parse(at) : NaN;
  if (!at || Number.isNaN(ms)) return <span className="faint">none</span>;
  return <TimeTold at={at} ms={ms} words={exact ? absolute(ms, zone) : relative(ms, now, zone)} />;
}

/** A moment in words that the caller made: for lists that ask for the present once, not once a row. */
export function TimeTold({ at, ms, words }: { at: string; ms: number; words: string }) {
  const title = `${absolute(ms, "UTC")} UTC, ${absolute(ms, LOCAL)} ${LOCAL}`;
  return (
    <time dateTime={at} title={title}>
      {words}
    </time>
  );
}
