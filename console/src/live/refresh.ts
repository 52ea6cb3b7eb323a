// Reads that follow the feed: when the merchant's payouts change, what was read of them is read again, at most every two seconds.
// Owns how often. Must not know what is read: it makes everything of a key out of date.
import { useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useChannel } from "~/feed/context";
import { throttle, type Throttle } from "~/live/pace";
import { announceChanges } from "~/shell/Announcer";

export const AT_MOST_EVERY_MS = 2_000;

/** `act`, at most once per `everyMs`, while this is drawn. */
export function useThrottled(act: () => void, everyMs: number): () => void {
  const wanted = useRef({ act, everyMs });
  wanted.current = { act, everyMs };
  const soon = useRef<Throttle | null>(null);
  useEffect(() => {
    soon.current = throttle(
      () => wanted.current.act(),
      () => wanted.current.everyMs,
    );
    return () => soon.current?.cancel();
  }, []);
  return () => soon.current?.wish();
}

/**
 * Read again what stands under these keys, at most every `everyMs`. What is being read is read to its end, and then once more: under steady changes
 * and slow answers it would be begun anew for ever.
 */
export function useReread(keys: QueryKey[], everyMs = AT_MOST_EVERY_MS): () => void {
  const cache = useQueryClient();
  const wish = useThrottled(() => {
    const found = keys.flatMap((queryKey) => cache.getQueryCache().findAll({ queryKey }));
    if (found.some((query) => query.state.fetchStatus !== "idle")) wish();
    for (const { state, queryKey } of found)
      if (state.fetchStatus === "idle") void cache.invalidateQueries({ queryKey, exact: true });
  }, everyMs);
  return wish;
}

/** Keep what stands under these keys up to date with the payouts of a merchant. */
export function useRefreshed(merchant: string, keys: QueryKey[], everyMs = AT_MOST_EVERY_MS): void {
  const wish = useReread(keys, everyMs);
  useChannel(`payouts:${merchant}`, {
    joined: wish,
    gap: wish,
    changes: (changes) => {
      announceChanges(changes.length);
      wish();
    },
  });
  useChannel(`merchant:${merchant}:balance`, { balance: wish });
}
