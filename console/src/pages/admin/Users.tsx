// People and their roles (CON-19). Owns the list and the form. Signing in never makes a person; an administrator does.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { write } from "~/api/typed";
import { asRead } from "~/freshness/source";
import { usersQuery, type User } from "~/pages/admin/reads";
import { useWrite } from "~/pages/admin/useWrite";
import { DangerDialog } from "~/parts/Dialog";
import { ListTable, type Column } from "~/parts/ListTable";
import { Moment } from "~/parts/Moment";
import { Panel } from "~/parts/Panel";
import { Word } from "~/parts/Status";
import { TroubleNotice } from "~/parts/TroubleNotice";
import { useMerchant } from "~/place/merchant";

const route = getRouteApi("/users");
const ROLES = ["viewer", "operator", "approver", "developer", "admin"];

const columns: Column<User>[] = [
  { id: "name", header: "Name", accessorFn: (user) => user.name },
  { id: "email", header: "Email", accessorFn: (user) => user.email },
  {
    id: "roles",
    header: "Roles",
    accessorFn: (user) => user.grants.map((grant) => `${grant.role} for ${grant.merchants.join(", ")}`).join("; "),
  },
  {
    id: "active",
    header: "State",
    accessorFn: (user) => String(user.active),
    cell: ({ row }) => <Word tone={row.original.active ? "good" : "bad"}>{row.original.active ? "active" : "closed"}</Word>,
  },
  {
    id: "created",
    header: "Since",
    accessorFn: (user) => user.created_at,
    cell: ({ row }) => <Moment at={row.original.created_at} />,
  },
  { id: "close", header: "Account", accessorFn: (user) => user.id, cell: ({ row }) => <Activity user={row.original} /> },
];

export function Users() {
  const users = useQuery(usersQuery);
  const { sort } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Users</h1>
      </header>
      <NewUser />
      <Panel
        title="People"
        query={users}
        source={() => asRead(users.dataUpdatedAt, "identity")}
        isEmpty={(data) => data.results.length === 0}
        empty="Nobody yet."
      >
        {(data) => (
          <ListTable
            caption="People"
            columns={columns}
            rows={data.results}
            idOf={(user) => user.id}
            sort={sort}
            onSort={(next) => void navigate({ search: (old) => ({ ...old, sort: next }), replace: true })}
          />
        )}
      </Panel>
    </>
  );
}

function Activity({ user }: { user: User }) {
  const cache = useQueryClient();
  const [asking, setAsking] = useState(false);
  const { run, error } = useWrite(() => cache.invalidateQueries({ queryKey: usersQuery.queryKey }));
  const put = (body: { active: boolean; reason?: string }) =>
    void run(() => write("patch", "/api/v1/users/{user_id}/", { place: { user_id: user.id }, body }));
  return (
    <>
      <button
        type="button"
        className={user.active ? "button danger" : "button"}
        onClick={() => (user.active ? setAsking(true) : put({ active: true }))}
      >
        {user.active ? "Close" : "Open again"}
      </button>
      {error ? <TroubleNotice error={error} /> : null}
      {asking ? (
        <DangerDialog
          danger={{
            title: `Close the account of ${user.name}?`,
            what: <p>All sign-ins of this person end at once.</p>,
            act: "Close it",
            typed: user.email,
          }}
          onClose={() => setAsking(false)}
          onAct={(reason) => {
            setAsking(false);
            put({ active: false, reason });
          }}
        />
      ) : null}
    </>
  );
}

function NewUser() {
  const cache = useQueryClient();
  const merchant = useMerchant();
  const { run, error, isBusy } = useWrite(() => cache.invalidateQueries({ queryKey: usersQuery.queryKey }));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const typed = new FormData(form);
    const text = (name: string) => String(typed.get(name) ?? "");
    const grants = [
      {
        role: text("role"),
        merchants: text("merchants")
          .split(/[\s,]+/)
          .filter(Boolean),
      },
    ];
    const password = text("password");
    const body = { email: text("email"), name: text("name"), grants, ...(password ? { password } : {}) };
    void run(async () => {
      await write("post", "/api/v1/users/", { body: body as never });
      form.reset();
    });
  };
  return (
    <section className="panel" aria-label="New person">
      <h2>New person</h2>
      <form className="filters" onSubmit={submit}>
        <label className="field">
          Name
          <input name="name" required />
        </label>
        <label className="field">
          Email
          <input name="email" type="email" required />
        </label>
        <label className="field">
          Role
          <select name="role">
            {ROLES.map((role) => (
              <option key={role}>{role}</option>
            ))}
          </select>
        </label>
        <label className="field">
          Merchants, * for all
          <input name="merchants" required defaultValue={merchant} />
        </label>
        <label className="field">
          Password (none for single sign-on)
          <input name="password" type="password" autoComplete="new-password" />
        </label>
        <button className="button primary" disabled={isBusy}>
          {isBusy ? "Being made…" : "Make it"}
        </button>
      </form>
      {error ? <TroubleNotice error={error} /> : null}
    </section>
  );
}
