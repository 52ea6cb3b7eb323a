// A batch's page as the feed tells it: the newest state is taken at the pace of drawing, its story is read anew now and then.
// Owns how often. Must not draw.
import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { batchQuery, batchStoryQuery, type BatchNow } from "~/api/reads";
import type { Batch } from "~/api/typed";
import { useChannel } from "~/feed/context";
import { DRAW_EVERY_MS } from "~/live/pace";
import { useReread, useThrottled } from "~/live/refresh";
import { useMerchant } from "~/place/merchant";

/** A story is read anew this often at most while rows move: its panel says "fresh" for no longer. */
const STORY_EVERY_MS = 4_000;
/** The story of a batch with more rows says how old it is, and is read the less often the longer it takes: each reading goes over all changes. */
export const TOLD_LIVE_MAX = 5_000;
/** Reading it takes at most this part of the time. */
const STORY_SHARE = 20;

/** How often a story is read anew that took so long. */
export function storyEvery(tookMs: number | undefined): number {
  return Math.max(STORY_EVERY_MS, STORY_SHARE * (tookMs ?? 0));
}

/** The batch as the feed tells it after each commit, drawn as often as rows are. Rows follow the same channel by themselves. */
export function useBatchLive(id: string, storyEveryMs: number): void {
  const cache = useQueryClient();
  const merchant = useMerchant();
  const { queryKey } = batchQuery(merchant, id);
  const retell = useReread([batchStoryQuery(merchant, id).queryKey], storyEveryMs);
  const newest = useRef<Batch | null>(null);
  const take = () => {
    const told = newest.current;
    if (told === null) return;
    newest.current = null;
    cache.setQueryData(queryKey, (old: BatchNow | undefined) => ({ ...old, ...told }));
    retell();
  };
  const takeSoon = useThrottled(take, DRAW_EVERY_MS);
  const again = () => {
    take(); // what was told is older than what is asked for now
    void cache.invalidateQueries({ queryKey });
    retell();
  };
  useChannel(`batch:${id}`, {
    batch: (told) => {
      newest.current = told;
      takeSoon();
    },
    joined: again,
    gap: again,
    reset: again,
  });
}
