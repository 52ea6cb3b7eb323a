// Signing in, where the profile asks for it. Owns the form. Must not keep what is typed.
import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { write } from "~/api/typed";
import { TroubleNotice } from "~/parts/TroubleNotice";

export function SignIn() {
  const cache = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setBusy(true);
    try {
      await write("post", "/api/v1/sessions/", {
        body: { email: String(fields.get("email")), password: String(fields.get("password")) },
      });
      await cache.resetQueries(); // what was read in another name is not shown
    } catch (trouble) {
      setError(trouble);
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="alone">
      <form className="panel stack" onSubmit={(event) => void submit(event)}>
        <h1 className="page-title">Sign in to Payflow</h1>
        <label className="field">
          Email
          <input name="email" type="email" autoComplete="username" required />
        </label>
        <label className="field">
          Password
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <div className="row">
          <button className="button primary" disabled={busy}>
            {busy ? "Signing in…" : "Sign in"}
          </button>
          <a className="button" href={`/api/v1/sessions/oidc/?return_to=${encodeURIComponent(location.pathname)}`}>
            By single sign-on
          </a>
        </div>
        {error ? <TroubleNotice error={error} /> : null}
      </form>
    </main>
  );
}
