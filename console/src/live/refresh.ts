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
  const wanted = useRef(act);
  wanted.current = act;
  const soon = useRef<Throttle | null>(null);
  useEffect(() => {
    soon.current = throttle(() => wanted.current(), everyMs);
    return () => soon.current?.cancel();
  }, [everyMs]);
  return () => soon.current?.wish();
}

/** Keep what stands under these keys up to date with the payouts of a merchant. */
export function useRefreshed(merchant: string, keys: QueryKey[], everyMs = AT_MOST_EVERY_MS): void {
  const cache = useQueryClient();
  const wish = useThrottled(() => {
    for (const queryKey of keys) void cache.invalidateQueries({ queryKey });
  }, everyMs);
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
