// What stands at /payouts/<id>: a batch; or a single payout, which is shown at its own address. Owns finding out which.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { batchQuery, payoutQuery } from "~/api/reads";
import { troubleOf } from "~/api/trouble";
import { BatchPage } from "~/pages/payouts/BatchPage";
import { Loading } from "~/parts/Panel";
import { TroubleNotice } from "~/parts/TroubleNotice";
import { useMerchant } from "~/place/merchant";

const route = getRouteApi("/payouts/$id");

function isUndecided(error: Error | null): boolean {
  return error !== null && troubleOf(error).parts.code === "undecided";
}

export function PayoutOrBatch() {
  const { id } = route.useParams();
  const merchant = useMerchant();
  const navigate = useNavigate();
  const batch = useQuery({
    ...batchQuery(merchant, id),
    refetchInterval: (query) => (isUndecided(query.state.error) ? 2_000 : false),
  });
  const isNone = batch.error !== null && troubleOf(batch.error).parts.status === 404;
  const payout = useQuery({ ...payoutQuery(merchant, id), enabled: isNone });
  useEffect(() => {
    if (isNone && payout.data) void navigate({ to: "/payments/$id", params: { id }, replace: true });
  }, [isNone, payout.data, id, navigate]);
  if (batch.data) return <BatchPage batch={batch.data} query={batch} />;
  if (isNone && payout.error) return <TroubleNotice error={payout.error} onRetry={() => void payout.refetch()} />;
  if (batch.error && !isNone) return <TroubleNotice error={batch.error} onRetry={() => void batch.refetch()} />;
  return <Loading lines={8} />;
}
