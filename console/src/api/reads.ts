// What can be read, each with its key in the cache: the merchant stands first in every key, so that a switch can empty the old one at once.
// Owns keys and paths. Must not know pages.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { operations } from "~/api/schema";
import { read, readAged, type Schemas } from "~/api/typed";

export type PayoutFilter = {
  status?: string | undefined;
  currency?: string | undefined;
  reference?: string | undefined;
  provider?: string | undefined;
  reason?: string | undefined;
  attention?: string | undefined;
  min_amount?: string | undefined;
  max_amount?: string | undefined;
  created_after?: string | undefined;
  created_before?: string | undefined;
};

type LogTopic = operations["get_log_record"]["parameters"]["path"]["topic"];
type ErrorWord = operations["get_error_code"]["parameters"]["path"]["code"];
export type BatchNow = Schemas["Batch"] & { freshness?: Schemas["Freshness"] };

/** Everything of one merchant. */
export const ofMerchant = (merchant: string) => ["m", merchant] as const;

export const merchantsQuery = queryOptions({
  queryKey: ["merchants"],
  queryFn: ({ signal }) => read("/api/v1/merchants/", { signal }),
  staleTime: 60_000,
});

export const balanceQuery = (merchant: string) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "balance"],
    queryFn: ({ signal }) => read("/api/v1/balance/", { merchant, signal }),
  });

/** The figures of the first page (CON-01), each from an address of its own. */
export const FIGURES = {
  inFlight: "/api/v1/figures/in-flight/",
  paidToday: "/api/v1/figures/paid-today/",
  failureRate: "/api/v1/figures/failure-rate/",
  waiting: "/api/v1/figures/waiting/",
  unknown: "/api/v1/figures/unknown/",
  lag: "/api/v1/figures/lag/",
} as const;

export const figureQuery = <P extends (typeof FIGURES)[keyof typeof FIGURES]>(
  merchant: string,
  path: P,
  query?: { zone: string },
) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "figures", path, query],
    queryFn: ({ signal }) => read(path, { merchant, signal, query } as never),
    placeholderData: keepPreviousData,
  });

/** What needs somebody, the worst first. */
export const attentionQuery = (merchant: string) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "attention"],
    queryFn: ({ signal }) => read("/api/v1/attention/", { merchant, signal }),
    placeholderData: keepPreviousData,
  });

/** One record of the log, as it stands there. */
export const recordQuery = (merchant: string, place: { topic: LogTopic; partition: number; offset: number }) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "record", place],
    queryFn: ({ signal }) => read("/api/v1/log/{topic}/{partition}/{offset}/", { merchant, signal, place }),
    staleTime: Infinity,
  });

/** How many payouts stand in each state, and in each level of attention. */
export const countersQuery = (merchant: string) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "figures", "payouts"],
    queryFn: ({ signal }) => read("/api/v1/figures/payouts/", { merchant, signal }),
    placeholderData: keepPreviousData,
  });

/** One page of payouts, newest first, by cursor. */
export const payoutsPage = (
  merchant: string,
  filter: PayoutFilter,
  cursor: string | null,
  signal?: AbortSignal,
  limit = 100,
) => read("/api/v1/payouts/", { merchant, signal, query: { ...plain(filter), limit, cursor: cursor ?? "" } });

/** One page of batches, the worst first; `needed`: only those that need somebody. */
export const batchesPage = (merchant: string, cursor: string | null, needed: boolean, signal?: AbortSignal) =>
  read("/api/v1/batches/", {
    merchant,
    signal,
    query: {
      order: "attention",
      limit: 100,
      cursor: cursor ?? "",
      ...(needed ? { attention: "action_required,warning" as never } : {}),
    },
  });

export const payoutQuery = (merchant: string, id: string) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "payout", id],
    queryFn: ({ signal }) => readAged("/api/v1/payouts/{payout_id}/", { merchant, signal, place: { payout_id: id } }),
  });

export const historyQuery = (merchant: string, id: string) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "history", id],
    queryFn: ({ signal }) => readAged("/api/v1/payouts/{payout_id}/events/", { merchant, signal, place: { payout_id: id } }),
  });

export const batchQuery = (merchant: string, id: string) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "batch", id],
    queryFn: async ({ signal }): Promise<BatchNow> =>
      (await read("/api/v1/batches/{batch_id}/", { merchant, signal, place: { batch_id: id } })) as BatchNow,
  });

/** What happened to a payout or a batch, and what comes next (TML-01, TML-02). Of a batch also how long it took to be told. */
export const payoutStoryQuery = (merchant: string, id: string) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "story", id],
    queryFn: ({ signal }) => read("/api/v1/payouts/{payout_id}/timeline/", { merchant, signal, place: { payout_id: id } }),
  });

export const batchStoryQuery = (merchant: string, id: string) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "story", id],
    queryFn: async ({ signal }) => {
      const began = performance.now();
      const told = await read("/api/v1/batches/{batch_id}/timeline/", { merchant, signal, place: { batch_id: id } });
      return { ...told, tookMs: performance.now() - began };
    },
  });

/** What can be done with a payout as it stands at this version, in the server's words. */
export const payoutActionsQuery = (merchant: string, id: string, version: number) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "actions", id, version],
    queryFn: ({ signal }) => read("/api/v1/payouts/{payout_id}/actions/", { merchant, signal, place: { payout_id: id } }),
  });

/** The same of a batch; its phase and whether it has rows decide. */
export const batchActionsQuery = (merchant: string, batch: Pick<BatchNow, "id" | "phase" | "row_count">) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "actions", batch.id, batch.phase, batch.row_count > 0],
    queryFn: ({ signal }) =>
      read("/api/v1/batches/{batch_id}/actions/", { merchant, signal, place: { batch_id: batch.id } }),
  });

/** The states of a payout and its legal moves: one table for everybody. */
export const lifecycleQuery = queryOptions({
  queryKey: ["lifecycle"],
  queryFn: ({ signal }) => read("/api/v1/lifecycle/", { signal }),
  staleTime: Infinity,
});

const DRAFTS_MAX = 50;

/** The newest 50 drafts: of large ones a page has fewer, so it takes several. */
export const draftsQuery = (merchant: string) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "drafts"],
    queryFn: async ({ signal }) => {
      const found: Schemas["Draft"][] = [];
      let cursor: string | null | undefined;
      do {
        const query = { limit: DRAFTS_MAX - found.length, ...(cursor ? { cursor } : {}) };
        const page = await read("/api/v1/drafts/", { merchant, signal, query });
        found.push(...page.results);
        cursor = page.next_cursor;
      } while (cursor && found.length < DRAFTS_MAX);
      return { results: found };
    },
  });

export const draftQuery = (merchant: string, id: string) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "draft", id],
    queryFn: ({ signal }) => read("/api/v1/drafts/{draft_id}/", { merchant, signal, place: { draft_id: id } }),
  });

export const uploadQuery = (merchant: string, id: string) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "upload", id],
    queryFn: ({ signal }) => read("/api/v1/uploads/{upload_id}/", { merchant, signal, place: { upload_id: id } }),
  });

/** The first 500 faults of a refused file. */
export const faultsQuery = (merchant: string, id: string) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "faults", id],
    queryFn: ({ signal }) =>
      read("/api/v1/uploads/{upload_id}/errors/", {
        merchant,
        signal,
        place: { upload_id: id },
        query: { offset: 0, limit: 500 },
      }),
  });

export const remedyQuery = (code: string) =>
  queryOptions({
    queryKey: ["remedy", code],
    queryFn: ({ signal }) => read("/api/v1/docs/errors/{code}/", { signal, place: { code: code as ErrorWord } }),
    staleTime: Infinity,
    retry: false,
  });

function plain(filter: PayoutFilter): Record<string, string> {
  return Object.fromEntries(Object.entries(filter).filter((pair): pair is [string, string] => Boolean(pair[1])));
}
