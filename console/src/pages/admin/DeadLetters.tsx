// Records that nobody could read (CON-19): what stood where and why, to be read again or given up. Owns the list and its two acts.
// Must not show what is in a record: the server never tells it.
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { read, write, type Schemas } from "~/api/typed";
import { asRead } from "~/freshness/source";
import { count } from "~/money/amount";
import { useWrite } from "~/pages/admin/useWrite";
import { DangerDialog } from "~/parts/Dialog";
import type { Column } from "~/parts/ListTable";
import { Moment } from "~/parts/Moment";
import { PagedList } from "~/parts/PagedList";
import { Notice } from "~/parts/Panel";
import { Word } from "~/parts/Status";
import { TroubleNotice } from "~/parts/TroubleNotice";

type Letter = Schemas["DeadLetterLine"];
const route = getRouteApi("/dead-letters");
const KEY = ["dead-letters"] as const;

const columns: Column<Letter>[] = [
  {
    id: "at",
    header: "When",
    accessorFn: (letter) => letter.failed_at,
    cell: ({ row }) => <Moment at={row.original.failed_at} exact />,
  },
  {
    id: "state",
    header: "State",
    accessorFn: (letter) => letter.state,
    cell: ({ row }) => <Word tone={row.original.state === "open" ? "bad" : "plain"}>{row.original.state}</Word>,
  },
  {
    id: "place",
    header: "Record",
    accessorFn: (letter) => letter.id,
    cell: ({ row: { original: one } }) => (
      <span className="figures">{`${one.topic} ${String(one.partition)}:${String(one.offset)}`}</span>
    ),
  },
  {
    id: "why",
    header: "Why",
    accessorFn: (letter) => letter.reason,
    cell: ({ row }) => (
      <>
        {row.original.reason} <code>{row.original.code}</code>
      </>
    ),
  },
  { id: "redrives", header: "Read again", accessorFn: (letter) => letter.redrives },
  { id: "acts", header: "Decide", accessorFn: (letter) => letter.id, cell: ({ row }) => <Acts letter={row.original} /> },
];

export function DeadLetters() {
  const { state } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery({
    queryKey: [...KEY, state ?? "open"],
    queryFn: ({ pageParam, signal }) =>
      read("/api/v1/dead-letters/", {
        signal,
        query: { state: state ?? "open", limit: 100, ...(pageParam ? { cursor: pageParam } : {}) },
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Dead letters</h1>
        <p className="faint">Records that could not be read. Nothing of them has moved money.</p>
      </header>
      <div className="tabs" role="group" aria-label="Which letters">
        {(["open", "all"] as const).map((one) => (
          <button
            key={one}
            type="button"
            className="tab"
            aria-pressed={(state ?? "open") === one}
            onClick={() =>
              void navigate({ search: (old) => ({ ...old, state: one === "all" ? one : undefined }) as typeof old })
            }
          >
            {one === "open" ? "Waiting for a decision" : "All"}
          </button>
        ))}
      </div>
      <PagedList
        title="Letters"
        query={query}
        source={() => asRead(query.dataUpdatedAt, "dead letters")}
        empty={state === "all" ? "There has been none." : "None waits for a decision."}
        besides={(first) => <Damaged letters={first?.damaged ?? 0} />}
        caption="Dead letters"
        columns={columns}
        idOf={(letter) => letter.id}
      />
    </>
  );
}

function Damaged({ letters }: { letters: number }) {
  if (!letters) return null;
  return (
    <Notice tone="warn">{`${count(letters)} letters cannot be read themselves; payflow dead-letters shows them.`}</Notice>
  );
}

/** To read it again, or to give it up for a reason. What came of it is the server's word, read anew. */
function Acts({ letter }: { letter: Letter }) {
  const cache = useQueryClient();
  const [asking, setAsking] = useState(false);
  const { run, error, isBusy } = useWrite(() => cache.invalidateQueries({ queryKey: KEY }));
  if (letter.state !== "open") return letter.resolved_at ? <Moment at={letter.resolved_at} /> : null;
  const place = { letter_id: letter.id };
  return (
    <div className="row">
      <button
        type="button"
        className="button"
        disabled={isBusy}
        onClick={() => void run(() => write("post", "/api/v1/dead-letters/{letter_id}/redrive/", { place }))}
      >
        Read it again
      </button>
      <button type="button" className="button danger" disabled={isBusy} onClick={() => setAsking(true)}>
        Give it up
      </button>
      {error ? <TroubleNotice error={error} /> : null}
      {asking ? (
        <DangerDialog
          danger={{
            title: "Give this record up?",
            what: <p>Whatever it asked for will not happen. Who sent it has to send it anew.</p>,
            act: "Give it up",
          }}
          onClose={() => setAsking(false)}
          onAct={(reason) => {
            setAsking(false);
            void run(() => write("post", "/api/v1/dead-letters/{letter_id}/discard/", { place, body: { reason } as never }));
          }}
        />
      ) : null}
    </div>
  );
}
