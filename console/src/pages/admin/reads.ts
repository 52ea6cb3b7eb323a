// What the pages of administration read. Owns keys and the shapes that the document gives without a name.
import { queryOptions } from "@tanstack/react-query";
import { ofMerchant } from "~/api/reads";
import { read } from "~/api/typed";

export interface Key {
  id: string;
  name: string;
  shown: string;
  scopes: string[];
  merchants: string[];
  live: boolean;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
}

export interface User {
  id: string;
  email: string;
  name: string;
  active: boolean;
  grants: { role: string; merchants: string[] }[];
  created_at: string;
}

export interface AuditEntry {
  id: string;
  at: string;
  actor: string;
  action: string;
  outcome: string;
  subject: string | null;
  reason: string | null;
  merchants: string[];
}

export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: async ({ signal }) => (await read("/api/v1/keys/", { signal })) as unknown as { count: number; results: Key[] },
});

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: async ({ signal }) => (await read("/api/v1/users/", { signal })) as unknown as { count: number; results: User[] },
});

export const auditPage = async (cursor: string | null, signal?: AbortSignal) =>
  (await read("/api/v1/audit/", { signal, query: cursor ? { limit: "100", cursor } : { limit: "100" } })) as unknown as {
    next_cursor: string | null;
    results: AuditEntry[];
  };

export const webhooksQuery = (merchant: string) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "webhooks"],
    queryFn: ({ signal }) => read("/api/v1/webhooks/", { merchant, signal }),
  });

export const deliveriesPage = (
  merchant: string,
  filter: { webhook_id?: string; status?: string },
  cursor: string | null,
  signal?: AbortSignal,
) =>
  read("/api/v1/deliveries/", { merchant, signal, query: { ...filter, limit: 50, ...(cursor ? { cursor } : {}) } as never });

export const attemptsQuery = (merchant: string, id: string) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "attempts", id],
    queryFn: ({ signal }) =>
      read("/api/v1/deliveries/{delivery_id}/attempts/", { merchant, signal, place: { delivery_id: id } }),
  });
