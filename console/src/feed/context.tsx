// The feed for pages: one client for the merchant that is looked at, ended when another is chosen (CON-12).
// Owns the browser's side of it: address, ticket, network events. Must not know what pages do with what they hear.
import { useQueryClient } from "@tanstack/react-query";
import { createContext, use, useEffect, useEffectEvent, useMemo, useSyncExternalStore, type ReactNode } from "react";
import { write } from "~/api/typed";
import { identityQuery, isOpen, useIdentity } from "~/api/identity";
import { FeedClient, type Line, type World } from "~/feed/client";
import type { Follower } from "~/feed/channel";
import type { Connection } from "~/feed/connection";

const Feed = createContext<FeedClient | null>(null);

function addressOf(merchant: string, ticket: string | null): string {
  const query = new URLSearchParams({ merchant_id: merchant, ...(ticket === null ? {} : { ticket }) });
  return `${location.origin.replace(/^http/, "ws")}/api/v1/feed/?${query.toString()}`;
}

async function ticketFor(merchant: string): Promise<string> {
  const given = await write("post", "/api/v1/feed/tickets/", { merchant });
  const ticket = given.kind === "decided" ? (given.body as { ticket?: string }).ticket : undefined;
  if (!ticket) throw new Error("no ticket for the feed was given");
  return ticket;
}

function browser(merchant: string, needsTicket: boolean): World {
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    after: (ms, act) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    open: async () => new WebSocket(addressOf(merchant, needsTicket ? await ticketFor(merchant) : null)) as Line,
  };
}

/** Whether the network is there, as the browser says. */
export function useOnline(): boolean {
  return useSyncExternalStore(listenOnline, () => navigator.onLine);
}

function listenOnline(listener: () => void): () => void {
  addEventListener("online", listener);
  addEventListener("offline", listener);
  return () => {
    removeEventListener("online", listener);
    removeEventListener("offline", listener);
  };
}

export function FeedProvider({ merchant, children }: { merchant: string; children: ReactNode }) {
  const identity = useIdentity();
  const needsTicket = identity !== null && !isOpen(identity);
  const client = useMemo(() => new FeedClient(browser(merchant, needsTicket)), [merchant, needsTicket]);
  const online = useOnline();
  useEffect(() => {
    if (online) client.wake();
    else client.offline();
  }, [client, online]);
  useEffect(() => () => client.end(), [client]);
  useSignedOut(client);
  return <Feed value={client}>{children}</Feed>;
}

/** The server ends the line of who may no longer follow: whether that was the whole sign-in is asked at once. */
function useSignedOut(client: FeedClient): void {
  const cache = useQueryClient();
  useEffect(
    () =>
      client.listen(() => {
        if (client.connection.kind === "signed_out") void cache.invalidateQueries({ queryKey: identityQuery.queryKey });
      }),
    [client, cache],
  );
}

export function useFeed(): FeedClient {
  const client = use(Feed);
  if (!client) throw new Error("no feed here");
  return client;
}

/** How the line stands. */
export function useConnection(): Connection {
  const client = useFeed();
  return useSyncExternalStore(
    (listener) => client.listen(listener),
    () => client.connection,
  );
}

/** Follow a channel while this is shown; null follows nothing. */
export function useChannel(name: string | null, follower: Follower): void {
  const client = useFeed();
  const joined = useEffectEvent(() => follower.joined?.());
  const changes = useEffectEvent<NonNullable<Follower["changes"]>>((told) => follower.changes?.(told));
  const batch = useEffectEvent<NonNullable<Follower["batch"]>>((told) => follower.batch?.(told));
  const balance = useEffectEvent<NonNullable<Follower["balance"]>>((told) => follower.balance?.(told));
  const gap = useEffectEvent<NonNullable<Follower["gap"]>>((dropped) => follower.gap?.(dropped));
  const reset = useEffectEvent(() => follower.reset?.());
  const refused = useEffectEvent<NonNullable<Follower["refused"]>>((code, detail) => follower.refused?.(code, detail));
  useEffect(() => {
    if (name === null) return;
    return client.follow(name, { joined, changes, batch, balance, gap, reset, refused });
  }, [client, name]);
}
