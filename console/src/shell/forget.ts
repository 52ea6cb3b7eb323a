// Emptying what is held of a merchant: reads in the cache, typed forms, unanswered requests stay (they are its owner's). Owns the list of
// places. Must not know what they hold.
import type { QueryClient } from "@tanstack/react-query";
import { ofMerchant } from "~/api/reads";

export function forgetMerchant(cache: QueryClient, merchant: string): void {
  void cache.cancelQueries({ queryKey: ofMerchant(merchant) });
  cache.removeQueries({ queryKey: ofMerchant(merchant) });
}
