// A batch's page as the feed tells it: the newest state is taken at the pace of drawing, its story is read anew now and then.
// Owns how often. Must not draw.
import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { batchQuery, batchStoryQuery, type BatchNow } from "~/api/reads";
import type { Batch } from "~/api/typed";
import { useChannel } from "~/feed/context";
import { DRAW_EVERY_MS } from "~/live/pace";
import { useThrottled } from "~/live/refresh";
import { useMerchant } from "~/place/merchant";

/** A story is read anew this often at most while rows move: its panel says "fresh" for no longer. */
const STORY_EVERY_MS = 4_000;
/** The story of a batch with more rows is read anew when its state changes, and says how old it is: each reading goes over all its changes. */
export const TOLD_LIVE_MAX = 5_000;

/** The batch as the feed tells it after each commit, drawn as often as rows are. Rows follow the same channel by themselves. */
export function useBatchLive(id: string, retells: boolean): void {
  const cache = useQueryClient();
  const merchant = useMerchant();
  const { queryKey } = batchQuery(merchant, id);
  const retell = useThrottled(
    () => void cache.invalidateQueries({ queryKey: batchStoryQuery(merchant, id).queryKey }),
    STORY_EVERY_MS,
  );
  const newest = useRef<Batch | null>(null);
  const take = () => {
    const told = newest.current;
    if (told === null) return;
    newest.current = null;
    const before = cache.getQueryData<BatchNow>(queryKey)?.status;
    cache.setQueryData(queryKey, (old: BatchNow | undefined) => ({ ...old, ...told }));
    if (retells || told["status"] !== before) retell();
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
