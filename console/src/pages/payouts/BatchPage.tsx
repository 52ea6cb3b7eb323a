// One batch (CON-08): where it stands, its sums, its way to settlement, its rows live. Owns the page's order. Must not compute money.
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { batchStoryQuery, type BatchNow } from "~/api/reads";
import { rowsOf } from "~/money/amount";
import { fromViews } from "~/freshness/source";
import { BatchActs } from "~/pages/payouts/BatchActs";
import { storyEvery, TOLD_LIVE_MAX, useBatchLive } from "~/pages/payouts/batchLive";
import { BatchRows } from "~/pages/payouts/BatchRows";
import { nameOf, Progress } from "~/pages/payouts/BatchList";
import { SumTable } from "~/pages/payouts/SumTable";
import { Timeline } from "~/pages/payouts/Timeline";
import { Next } from "~/pages/story/Next";
import { Story } from "~/pages/story/Story";
import { Copy } from "~/parts/Copy";
import { Moment } from "~/parts/Moment";
import { Panel } from "~/parts/Panel";
import { Attention, Status } from "~/parts/Status";
import { SaveView } from "~/place/SaveView";

const PAID: Record<string, string> = {
  all_or_nothing: "all rows are covered, or none is taken",
  as_available: "rows that are not covered wait",
};
const FAILED: Record<string, string> = { continue: "a failed row stops no other", stop: "a failed row stops the batch" };

export function BatchPage({ batch, query }: { batch: BatchNow; query: UseQueryResult<BatchNow> }) {
  const isSmall = batch.row_count <= TOLD_LIVE_MAX;
  const story = useQuery(batchStoryQuery(batch.merchant_id, batch.id));
  useBatchLive(batch.id, storyEvery(story.data?.tookMs));
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">{nameOf(batch)}</h1>
        <Status status={batch.status} />
        {batch.attention === "none" ? null : (
          <span>
            <Attention level={batch.attention} /> {batch.attention_reason}
          </span>
        )}
        <span className="grow" />
        <SaveView />
      </header>
      <div className="columns">
        <Panel title="Where it stands" query={query} source={(data) => fromViews(data, query.dataUpdatedAt)}>
          {(data) => (
            <>
              <dl className="facts">
                <dt>Batch</dt>
                <dd>
                  <Copy text={data.id} />
                </dd>
                <dt>Ended</dt>
                <dd>
                  <Progress batch={data} />
                </dd>
                {data.waiting_rows ? (
                  <>
                    <dt>Waits for money</dt>
                    <dd>{rowsOf(data.waiting_rows)}; the first go out first, by themselves, as money comes in</dd>
                  </>
                ) : null}
                {data.stopped_at ? (
                  <>
                    <dt>Stopped</dt>
                    <dd>
                      <Moment at={data.stopped_at} />
                    </dd>
                  </>
                ) : null}
                <dt>If money or a row fails</dt>
                <dd>
                  {PAID[data.funding]}; {FAILED[data.on_row_failure]}
                </dd>
                <dt>Source</dt>
                <dd>{data.source}</dd>
                <dt>Reference</dt>
                <dd>{data.reference ?? "none"}</dd>
                {data.refusal_code ? (
                  <>
                    <dt>Refused</dt>
                    <dd>
                      {data.refusal_detail} <code>{data.refusal_code}</code>
                    </dd>
                  </>
                ) : null}
              </dl>
              <SumTable batch={data} />
              <BatchActs batch={data} />
            </>
          )}
        </Panel>
        <Timeline batch={batch} query={query}>
          {isSmall && story.data ? <Next next={story.data.next} many /> : null}
        </Timeline>
      </div>
      <BatchRows batch={batch} />
      <Story title="Story" query={story} live={isSmall}>
        {isSmall || !story.data ? null : <Next next={story.data.next} many />}
      </Story>
    </>
  );
}
