// The story of a payout or a batch (TML-01): requests, states, provider calls, postings, webhooks and people in one order, each with its
// place on the log. Owns the list. Must not put entries in order, nor hide that a part of it could not be read.
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Schemas } from "~/api/typed";
import { fromViews } from "~/freshness/source";
import { LogPlace } from "~/parts/LogPlace";
import { Moment } from "~/parts/Moment";
import { Money } from "~/parts/Money";
import { Notice, Panel } from "~/parts/Panel";

type Entry = Schemas["TimelineEntry"];
type Told = Pick<Schemas["BatchTimeline"], "entries" | "missing" | "freshness"> & { without_gap?: boolean };

interface StoryProps {
  title: string;
  query: UseQueryResult<Told>;
  /** Whether it is read anew as things happen; one that is not says how old it is. */
  live?: boolean;
  children?: ReactNode;
}

export function Story({ title, query, live = true, children }: StoryProps) {
  return (
    <Panel title={title} query={query} source={(told) => fromViews(told, query.dataUpdatedAt, live)}>
      {(told) => (
        <>
          {children}
          {told.missing.map(({ part, why }) => (
            <Notice key={part} tone="warn">
              {part} could not be read, so what is told here may lack them: {why}
            </Notice>
          ))}
          {told.without_gap === false ? (
            <Notice tone="warn">A change is missing between those below; the views are being brought up to date.</Notice>
          ) : null}
          <ol className="timeline" aria-label={title}>
            {told.entries.map((entry, place) => (
              <Happened key={place} entry={entry} />
            ))}
          </ol>
        </>
      )}
    </Panel>
  );
}

function Happened({ entry }: { entry: Entry }) {
  return (
    <li className="step done">
      <span className="strong">{entry.title}</span> <Amount detail={entry.detail} /> <Why detail={entry.detail} />
      <p className="faint row">
        <Moment at={entry.at} exact />
        <span>T+{entry.t_days}</span>
        {entry.actor ? <span>by {entry.actor}</span> : null}
        {entry.position ? <LogPlace position={entry.position} /> : <span>not on the log</span>}
      </p>
    </li>
  );
}

/** The money of a posting, as text. */
function Amount({ detail }: { detail: Record<string, unknown> }) {
  const { amount, currency } = detail;
  return typeof amount === "string" && typeof currency === "string" ? <Money amount={amount} currency={currency} /> : null;
}

/** What was said when it was done: by a person, by the law, or by the provider. */
function Why({ detail: told }: { detail: Record<string, unknown> }) {
  const words = [told["detail"], told["failure_reason"]].find((one) => typeof one === "string");
  return words === undefined ? null : <span>{String(words)}</span>;
}
