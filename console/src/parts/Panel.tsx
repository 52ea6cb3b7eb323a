// A panel: a titled part of a page that loads, is empty, fails, grows old and recovers by itself (CON-15, CON-16).
// Owns the five views and the line of freshness. Must not know what it shows; a part of it that breaks is replaced by a notice.
import { Component, use, useId, useState, type ReactNode } from "react";
import { troubleOf } from "~/api/trouble";
import { Age, AgeContext, useAge, useDegraded, type Source } from "~/freshness/Age";
import { TroubleNotice } from "~/parts/TroubleNotice";

/** The parts of a query's result that a panel looks at. */
export interface Loaded<T> {
  data: T | undefined;
  error: Error | null;
  isFetching: boolean;
  fetchStatus: "fetching" | "paused" | "idle";
  refetch: () => unknown;
}

interface PanelProps<T> {
  title: string;
  query: Loaded<T>;
  /** Where the data comes from and as of when, for the line of freshness. */
  source: (data: T) => Source | null;
  isEmpty?: (data: T) => boolean;
  empty?: ReactNode;
  actions?: ReactNode;
  children: (data: T) => ReactNode;
}

export function Panel<T>({ title, query, source, isEmpty, empty, actions, children }: PanelProps<T>) {
  const heading = useId();
  const { data, error } = query;
  const doubtedSince = useSince(query.isFetching || error !== null);
  const found = data === undefined ? null : source(data);
  const told = found && { ...found, doubtedSince };
  const age = useAge(told);
  const degraded = useDegraded(told);
  const waits = query.fetchStatus === "paused" || wasCutOff(error);
  const shown = waits ? null : error;
  return (
    <section className="panel" aria-labelledby={heading} aria-busy={query.isFetching}>
      <header className="panel-head">
        <h2 id={heading}>{title}</h2>
        {told ? <Age source={told} ageMs={age} /> : null}
        <div className="panel-actions">
          {actions}
          <button
            type="button"
            className="button quiet"
            onClick={() => void query.refetch()}
            aria-label={`${query.isFetching ? "Refreshing…" : "Refresh"} ${title}`}
          >
            {query.isFetching ? "Refreshing…" : "Refresh"}
          </button>
        </div>
      </header>
      <Boundary>
        {waits ? <Notice tone="warn">Waiting for the connection; this is read again when it is back.</Notice> : null}
        {degraded ? <Notice tone="warn">{degraded}</Notice> : null}
        {shown ? <TroubleNotice error={shown} onRetry={() => void query.refetch()} /> : null}
        {shown && told ? <p className="faint">Below is what was last known.</p> : null}
        {data === undefined ? (
          error ? null : (
            <Loading />
          )
        ) : (
          <AgeContext value={age}>
            {isEmpty?.(data) ? <Empty>{empty}</Empty> : <Drawn draw={() => children(data)} />}
          </AgeContext>
        )}
      </Boundary>
    </section>
  );
}

/** Whether a read failed for want of a line that is still away: one banner says so for all panels, and it is read again when the line is back. */
function wasCutOff(error: Error | null): boolean {
  return error !== null && !navigator.onLine && troubleOf(error).parts.code === "offline";
}

/** When something began that is so now; null while it is not. */
function useSince(isSo: boolean): number | null {
  const [since, setSince] = useState<number | null>(null);
  const now = isSo ? (since ?? Date.now()) : null;
  if (now !== since) setSince(now);
  return now;
}

/** What a page draws in a panel, inside the boundary: if it breaks, the panel stays. */
function Drawn({ draw }: { draw: () => ReactNode }) {
  return draw();
}

/** The age of the panel this stands in, for acts that need fresh data. */
export function usePanelAge(): number | null {
  return use(AgeContext);
}

export function Notice({ tone, children }: { tone: "warn" | "bad" | "unknown" | "good"; children: ReactNode }) {
  return (
    <p className={`notice tone-${tone}`} role="status">
      {children}
    </p>
  );
}

export function Loading({ lines = 3 }: { lines?: number }) {
  return (
    <div className="loading" role="status">
      <span className="hidden">Loading…</span>
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} className="bone" aria-hidden="true" />
      ))}
    </div>
  );
}

function Empty({ children }: { children: ReactNode }) {
  return <div className="empty">{children ?? "Nothing here."}</div>;
}

/** A broken part is replaced by a notice; the rest of the page works. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (this.state.error)
      return (
        <TroubleNotice error={this.state.error} onRetry={() => this.setState({ error: null })} retryWord="Draw it again" />
      );
    return this.props.children;
  }
}
