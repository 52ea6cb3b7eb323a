// A button that fetches a file in which payees stand as they were sent: who sees them masked elsewhere says why first (SEC-07).
// Owns that question. Must not know which file it is.
import { useState, type FormEvent } from "react";
import { download, type Wanted } from "~/api/download";
import { isOpen, useIdentity } from "~/api/identity";
import { ActButton } from "~/parts/ActButton";
import { Dialog } from "~/parts/Dialog";
import { TroubleNotice } from "~/parts/TroubleNotice";

interface Props {
  path: string;
  wanted: Omit<Wanted, "reason">;
  /** Why it cannot be had now. */
  why?: string | null;
  children: string;
}

export function FileButton({ path, wanted, why = null, children }: Props) {
  const open = isOpen(useIdentity());
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const fetchIt = (reason?: string) => {
    setAsking(false);
    setError(null);
    download(path, { ...wanted, reason }).catch(setError);
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    fetchIt(String(new FormData(event.currentTarget).get("reason") ?? ""));
  };
  return (
    <>
      <ActButton why={why} onAct={() => (open ? fetchIt() : setAsking(true))}>
        {children}
      </ActButton>
      {error ? <TroubleNotice error={error} /> : null}
      <Dialog title={children} open={asking} onClose={() => setAsking(false)}>
        <form className="stack" onSubmit={submit}>
          <p>This file has payees unmasked. Who took it, and why, is written down before it leaves.</p>
          <label className="field">
            Reason (written to the audit trail)
            <input name="reason" minLength={4} maxLength={200} required autoFocus />
          </label>
          <div className="row">
            <button className="button primary">Fetch it</button>
          </div>
        </form>
      </Dialog>
    </>
  );
}
