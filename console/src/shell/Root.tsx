// The frame of every page: who is signed in and whose money is looked at are settled before a page is drawn.
// Owns that order. Must not know pages. A merchant switch draws everything anew and empties the cache of the old one at once (CON-12).
import { useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { identityQuery } from "~/api/identity";
import { merchantsQuery } from "~/api/reads";
import { troubleOf } from "~/api/trouble";
import { FeedProvider } from "~/feed/context";
import { preferences, prefer } from "~/keep/preferences";
import { Boundary, Loading } from "~/parts/Panel";
import { TroubleNotice } from "~/parts/TroubleNotice";
import { useMerchant } from "~/place/merchant";
import { Shell } from "~/shell/Shell";
import { SignIn } from "~/shell/SignIn";
import { forgetMerchant } from "~/shell/forget";

export function Root() {
  const identity = useQuery(identityQuery);
  const merchant = useMerchant();
  useEmptied(merchant);
  if (useSignedOut(identity)) return <SignIn />;
  if (identity.error && !identity.data)
    return (
      <Alone>
        <TroubleNotice error={identity.error} onRetry={() => void identity.refetch()} />
      </Alone>
    );
  if (!identity.data)
    return (
      <Alone>
        <Loading />
      </Alone>
    );
  if (!merchant) return <ChooseMerchant />;
  return (
    <Boundary>
      <FeedProvider key={merchant} merchant={merchant}>
        <Shell />
      </FeedProvider>
    </Boundary>
  );
}

/** Whether nobody is signed in. Asking once more does not take away the form that somebody types into: only an answer does. */
function useSignedOut({ error, status }: Pick<UseQueryResult, "error" | "status">): boolean {
  const [isOut, setOut] = useState(false);
  const now = error ? troubleOf(error).parts.status === 401 : status === "success" ? false : isOut;
  if (now !== isOut) setOut(now);
  return now;
}

function Alone({ children }: { children: React.ReactNode }) {
  return <main className="alone">{children}</main>;
}

/** Leave nothing of the merchant that was looked at before. */
function useEmptied(merchant: string): void {
  const cache = useQueryClient();
  useEffect(() => {
    if (!merchant) return;
    prefer({ merchant });
    return () => forgetMerchant(cache, merchant);
  }, [cache, merchant]);
}

/** No merchant in the address: the one looked at last, or the first there is. */
function ChooseMerchant() {
  const navigate = useNavigate();
  const merchants = useQuery(merchantsQuery);
  const known = merchants.data?.results;
  const chosen = known?.find((one) => one.id === preferences().merchant)?.id ?? known?.[0]?.id;
  useEffect(() => {
    if (chosen) void navigate({ to: ".", search: (old) => ({ ...old, m: chosen }), replace: true });
  }, [chosen, navigate]);
  if (merchants.error)
    return (
      <Alone>
        <TroubleNotice error={merchants.error} onRetry={() => void merchants.refetch()} />
      </Alone>
    );
  if (known?.length === 0)
    return (
      <Alone>
        <section className="panel">
          <h1 className="page-title">No merchant yet</h1>
          <p>
            Payflow pays on behalf of merchants, and there is none. Run <code>payflow seed</code>, or open one by{" "}
            <code>POST /api/v1/merchants/</code>.
          </p>
          <button type="button" className="button" onClick={() => void merchants.refetch()}>
            Look again
          </button>
        </section>
      </Alone>
    );
  return (
    <Alone>
      <Loading />
    </Alone>
  );
}
