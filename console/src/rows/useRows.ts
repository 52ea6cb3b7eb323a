// A window of rows that follows the feed while it is shown. Owns its life: made for a list and its filters, ended with them.
// Must not draw. Changes of rows that are not held are told to whoever counts new ones.
import { useEffect, useMemo, useRef } from "react";
import { useChannel } from "~/feed/context";
import type { Change } from "~/feed/messages";
import { RowWindow, type RowSource } from "~/rows/window";
import { announceChanges } from "~/shell/Announcer";

/** `name` tells the list from others: another name is another window. */
export function useRows(name: string, channel: string, source: RowSource, onOthers?: (others: Change[]) => void): RowWindow {
  const latest = useRef(source);
  latest.current = source;
  const rows = useMemo(() => new RowWindow(latest.current), [name]); // eslint-disable-line react-hooks/exhaustive-deps -- the name stands for the source
  useEffect(() => () => rows.end(), [rows]);
  useChannel(channel, {
    changes: (changes) => {
      const others = rows.take(changes);
      announceChanges(changes.length - others.length);
      if (others.length) onOthers?.(others);
    },
    gap: () => rows.renew(),
    reset: () => rows.renew(),
    joined: () => rows.renew(),
  });
  return rows;
}
