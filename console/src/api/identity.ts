// Who is signed in and what they may do. Owns the question of rights, in the words of the access matrix. Must not draw.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { read } from "~/api/typed";
import { forgetAll, isText, keep, recall } from "~/keep/storage";

export interface Identity {
  kind: string;
  id: string;
  name: string;
  grants: { role: string | null; scopes: string[]; merchants: string[] }[];
}

export const identityQuery = queryOptions({
  queryKey: ["identity"],
  queryFn: async ({ signal }) => {
    const found = (await read("/api/v1/sessions/current/", { signal })) as unknown as Identity;
    leaveNothingOf(found.id);
    return found;
  },
  staleTime: 60_000,
  retry: false,
});

/** What this tab keeps belongs to one person: drafts, and requests that were not answered. Another one starts with an empty page. */
function leaveNothingOf(next: string): void {
  const before = recall("session", "person", isText);
  if (before === next) return;
  if (before !== null) forgetAll("session", "");
  keep("session", "person", next);
  if (before !== null) location.reload();
}

export function useIdentity(): Identity | null {
  return useQuery(identityQuery).data ?? null;
}

/** Anybody on this machine: the development profile, where sandbox aids are offered. */
export function isOpen(identity: Identity | null): boolean {
  return identity?.kind === "open";
}

const WRITERS = ["operator", "admin"];
const ADMINS = ["admin"];
const DEVELOPERS = ["developer", "admin"];
export const ROLES_FOR = { pay: WRITERS, admin: ADMINS, develop: DEVELOPERS } as const;

/** Why this person may not do a thing for a merchant, or null. Keys are judged by the server. */
export function whyNot(identity: Identity | null, act: keyof typeof ROLES_FOR, merchant: string): string | null {
  if (!identity || identity.kind !== "person") return null;
  const roles: readonly string[] = ROLES_FOR[act];
  const may = identity.grants.some(
    (grant) => roles.includes(grant.role ?? "") && (grant.merchants.includes("*") || grant.merchants.includes(merchant)),
  );
  return may ? null : `This needs the role ${roles.join(" or ")} for ${merchant}.`;
}
