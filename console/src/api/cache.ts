// The cache of reads and what it does when the server is away: reads are repeated by the rules of CON-16 and CON-17.
// Owns the settings. Must not know keys.
import { QueryClient } from "@tanstack/react-query";
import { troubleOf, type Trouble } from "~/api/trouble";

export function newCache(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        gcTime: 5 * 60_000,
        retry: (failures, error) => failures < 2 && mayHelp(troubleOf(error)),
        retryDelay: (failures, error) => 1000 * (troubleOf(error).parts.retryAfterSeconds ?? 2 ** failures),
        refetchOnWindowFocus: true,
        networkMode: "online",
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}

/** Asking again at once helps where the server said so; not after a time-out, whose error is shown at 10 s. */
function mayHelp(trouble: Trouble): boolean {
  return trouble.parts.retryable === true && trouble.parts.code !== "timeout" && trouble.parts.code !== "offline";
}
