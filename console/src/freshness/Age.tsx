// The line of freshness on a panel: word, "as of" time and source (CON-15). Owns how a feed keeps what was read fresh.
// Must not fetch: a live feed that tells every change vouches for what was read before.
import { createContext } from "react";
import { useConnection, useFeed } from "~/feed/context";
import { ageInWords, freshnessOf, STALE_MS } from "~/freshness/age";
import { useNow, useZone } from "~/time/now";
import { clock, span } from "~/time/zone";

export interface Source {
  /** When the data was true, ms. */
  asOf: number;
  /** Where it comes from, in a word: views, feed, webhooks, identity. */
  name: string;
  /** Whether the feed tells every change of it, so that it stays true while the feed is live. */
  live?: boolean;
  /** Since when it is being read anew, or could not be: from then on the feed vouches for it no more. */
  doubtedSince?: number | null;
}

export const AgeContext = createContext<number | null>(null);

/** As of when the data is true now: as read, or as the feed vouches. */
export function useAsOf(source: Source | null): number | null {
  const feed = useFeed();
  const connection = useConnection();
  if (!source) return null;
  const vouched = source.live && connection.kind === "live" && feed.isWhole ? (feed.pulse.asOf ?? 0) : 0;
  return Math.max(source.asOf, Math.min(vouched, source.doubtedSince ?? Infinity));
}

export function useAge(source: Source | null): number | null {
  const now = useNow();
  const asOf = useAsOf(source);
  return asOf === null ? null : Math.max(0, now - asOf);
}

/** What works less than it should, in words: the line is away, a channel is not followed, or the views lag. */
export function useDegraded(source: Source | null): string | null {
  const feed = useFeed();
  const connection = useConnection();
  useNow();
  if (!source?.live) return null;
  if (connection.kind !== "live") return "Not live: this is as it was last read.";
  if (!feed.isWhole) return "Live in part: this may have changed since it was read.";
  const lag = feed.pulse.lag ?? 0;
  return lag >= STALE_MS ? `The views are ${span(lag)} behind the log; what is newer is not shown yet.` : null;
}

export function Age({ source, ageMs }: { source: Source; ageMs: number | null }) {
  const zone = useZone();
  const asOf = useAsOf(source) ?? source.asOf;
  return (
    <span className={`age age-${freshnessOf(ageMs)}`}>
      {ageInWords(ageMs)}{" "}
      <span className="faint">
        as of {clock(asOf, zone)}, {source.name}
      </span>
    </span>
  );
}
