// Keeping this address under a name, and its link to share (CON-21). Owns the small form. Must not know what the address means.
import { Link, useRouterState } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { Dialog } from "~/parts/Dialog";
import { Copy } from "~/parts/Copy";
import { dropView, saveView, useViews } from "~/place/views";

export function SaveView() {
  const [open, setOpen] = useState(false);
  const href = useRouterState({ select: (state) => state.location.href });
  const views = useViews();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name") ?? "").trim();
    if (name) saveView({ name, href });
    event.currentTarget.reset();
  };
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        Views
      </button>
      <Dialog title="Saved views" open={open} onClose={() => setOpen(false)}>
        <form className="row" onSubmit={submit}>
          <label className="field">
            Keep this page as it is, under a name
            <input name="name" maxLength={60} required />
          </label>
          <button className="button primary">Save</button>
        </form>
        <p>
          To share it, send its link: <Copy text={`${location.origin}${href}`} />
        </p>
        <ul className="plain-list stack">
          {views.map((view) => (
            <li key={view.name} className="row">
              <Link to={view.href} onClick={() => setOpen(false)}>
                {view.name}
              </Link>
              <span className="grow" />
              <button type="button" className="button quiet" onClick={() => dropView(view.name)}>
                Drop
              </button>
            </li>
          ))}
        </ul>
        {views.length === 0 ? <p className="faint">None yet. They are kept in this browser.</p> : null}
      </Dialog>
    </>
  );
}
