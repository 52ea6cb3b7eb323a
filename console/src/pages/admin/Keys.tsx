// API keys (CON-19): what each may do and for whom; a new one is shown once; one that is revoked ends within 5 s. Must not keep a key.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { write } from "~/api/typed";
import { asRead } from "~/freshness/source";
import { keysQuery, type Key } from "~/pages/admin/reads";
import { useWrite } from "~/pages/admin/useWrite";
import { Copy } from "~/parts/Copy";
import { DangerDialog } from "~/parts/Dialog";
import { ListTable, type Column } from "~/parts/ListTable";
import { Moment } from "~/parts/Moment";
import { Notice, Panel } from "~/parts/Panel";
import { Word } from "~/parts/Status";
import { TroubleNotice } from "~/parts/TroubleNotice";
import { useMerchant } from "~/place/merchant";

const route = getRouteApi("/keys");

const columns: Column<Key>[] = [
  { id: "name", header: "Name", accessorFn: (key) => key.name },
  { id: "shown", header: "Key", accessorFn: (key) => key.shown, cell: ({ row }) => <code>{row.original.shown}</code> },
  {
    id: "state",
    header: "State",
    accessorFn: stateOf,
    cell: ({ row }) => <Word tone={row.original.revoked_at ? "bad" : "good"}>{stateOf(row.original)}</Word>,
  },
  { id: "scopes", header: "May", accessorFn: (key) => key.scopes.join(", ") },
  { id: "merchants", header: "For", accessorFn: (key) => key.merchants.join(", ") },
  {
    id: "expires",
    header: "Ends",
    accessorFn: (key) => key.expires_at ?? "",
    cell: ({ row }) => (row.original.expires_at ? <Moment at={row.original.expires_at} exact /> : "never"),
  },
  { id: "revoke", header: "Revoke", accessorFn: (key) => key.id, cell: ({ row }) => <Revoke item={row.original} /> },
];

function stateOf(key: Key): string {
  return key.revoked_at ? "revoked" : key.live ? "live" : "test";
}

export function Keys() {
  const keys = useQuery(keysQuery);
  const { sort } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">API keys</h1>
      </header>
      <NewKey />
      <Panel
        title="Keys"
        query={keys}
        source={() => asRead(keys.dataUpdatedAt, "identity")}
        isEmpty={(data) => data.results.length === 0}
        empty="No key yet."
      >
        {(data) => (
          <ListTable
            caption="API keys"
            columns={columns}
            rows={data.results}
            idOf={(key) => key.id}
            sort={sort}
            onSort={(next) => void navigate({ search: (old) => ({ ...old, sort: next }), replace: true })}
          />
        )}
      </Panel>
    </>
  );
}

function Revoke({ item }: { item: Key }) {
  const cache = useQueryClient();
  const [asking, setAsking] = useState(false);
  const { run, error } = useWrite(() => cache.invalidateQueries({ queryKey: keysQuery.queryKey }));
  if (item.revoked_at) return <Moment at={item.revoked_at} />;
  return (
    <>
      <button type="button" className="button danger" onClick={() => setAsking(true)}>
        Revoke
      </button>
      {error ? <TroubleNotice error={error} /> : null}
      {asking ? (
        <DangerDialog
          danger={{
            title: `Revoke ${item.name}?`,
            what: <p>Whoever uses it is refused within 5 s, and its open feeds are closed.</p>,
            act: "Revoke it",
            typed: item.name,
          }}
          onClose={() => setAsking(false)}
          onAct={(reason) => {
            setAsking(false);
            void run(() => write("delete", "/api/v1/keys/{key_id}/", { place: { key_id: item.id }, body: { reason } }));
          }}
        />
      ) : null}
    </>
  );
}

function NewKey() {
  const cache = useQueryClient();
  const merchant = useMerchant();
  const [made, setMade] = useState<string | null>(null);
  const { run, error, isBusy } = useWrite(() => cache.invalidateQueries({ queryKey: keysQuery.queryKey }));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget);
    const words = (name: string) =>
      String(typed.get(name) ?? "")
        .split(/[\s,]+/)
        .filter(Boolean);
    const body = {
      name: String(typed.get("name")),
      scopes: words("scopes"),
      merchants: words("merchants"),
      live: typed.get("live") === "on",
    };
    void run(async () => {
      const given = await write("post", "/api/v1/keys/", { body: body as never });
      setMade(given.kind === "decided" ? ((given.body as { key?: string }).key ?? null) : null);
    });
  };
  return (
    <section className="panel" aria-label="New key">
      <h2>New key</h2>
      <form className="filters" onSubmit={submit}>
        <label className="field">
          Name
          <input name="name" required maxLength={100} />
        </label>
        <label className="field">
          Scopes
          <input name="scopes" required size={40} defaultValue="payouts:read payouts:write batches:read batches:write" />
        </label>
        <label className="field">
          Merchants
          <input name="merchants" required defaultValue={merchant} />
        </label>
        <label className="check">
          <input name="live" type="checkbox" defaultChecked /> Live
        </label>
        <button className="button primary" disabled={isBusy}>
          {isBusy ? "Being made…" : "Make it"}
        </button>
      </form>
      {made ? (
        <Notice tone="good">
          Shown this once: <Copy text={made} />
        </Notice>
      ) : null}
      {error ? <TroubleNotice error={error} /> : null}
    </section>
  );
}
