// One webhook endpoint: its health, a test, rotation of its secret, switching it off and on (CON-19). Secrets are shown once and kept nowhere.
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { write, type Schemas } from "~/api/typed";
import { webhooksQuery } from "~/pages/admin/reads";
import { useWrite } from "~/pages/admin/useWrite";
import { Copy } from "~/parts/Copy";
import { DangerDialog } from "~/parts/Dialog";
import { Moment } from "~/parts/Moment";
import { Notice } from "~/parts/Panel";
import { Status } from "~/parts/Status";
import { TroubleNotice } from "~/parts/TroubleNotice";

type Webhook = Schemas["Webhook"];

function useRefresh(merchant: string) {
  const cache = useQueryClient();
  return useWrite(() => cache.invalidateQueries({ queryKey: webhooksQuery(merchant).queryKey }));
}

export function Endpoint({ webhook, merchant }: { webhook: Webhook; merchant: string }) {
  const [asking, setAsking] = useState<"delete" | "rotate" | null>(null);
  const [told, setTold] = useState<{ tone: "good" | "bad"; words: string; secret?: string } | null>(null);
  const { run, error, isBusy } = useRefresh(merchant);
  const place = { webhook_id: webhook.id };
  const test = async () => {
    const given = await write("post", "/api/v1/webhooks/{webhook_id}/test/", { merchant, place });
    if (given.kind === "decided") setTold(wordsOf(given.body));
  };
  const act = async () => {
    if (asking === "delete") return write("delete", "/api/v1/webhooks/{webhook_id}/", { merchant, place });
    const given = await write("post", "/api/v1/webhooks/{webhook_id}/rotate/", { merchant, place });
    if (given.kind === "decided")
      setTold({
        tone: "good",
        words: "The new secret, shown this once; the old one holds for 24 h:",
        secret: given.body.secret,
      });
    return given;
  };
  const enable = (enabled: boolean) =>
    void run(() => write("patch", "/api/v1/webhooks/{webhook_id}/", { merchant, place, body: { enabled } as never }));
  return (
    <li className="stack-tight">
      <Health webhook={webhook} />
      <div className="row">
        <Link className="button" to="/webhooks" search={{ webhook: webhook.id }}>
          Deliveries
        </Link>
        <button type="button" className="button" disabled={isBusy} onClick={() => void run(test)}>
          Send a test
        </button>
        <button type="button" className="button" onClick={() => setAsking("rotate")}>
          Rotate the secret
        </button>
        <button type="button" className="button" disabled={isBusy} onClick={() => enable(webhook.status === "disabled")}>
          {webhook.status === "disabled" ? "Enable" : "Disable"}
        </button>
        <button type="button" className="button danger" onClick={() => setAsking("delete")}>
          Delete
        </button>
      </div>
      {told ? (
        <Notice tone={told.tone}>
          {told.words} {told.secret ? <Copy text={told.secret} /> : null}
        </Notice>
      ) : null}
      {error ? <TroubleNotice error={error} /> : null}
      {asking ? (
        <DangerDialog
          danger={{
            title: asking === "delete" ? "Delete this endpoint?" : "Rotate its secret?",
            what: (
              <p>
                {asking === "delete"
                  ? "Nothing more is sent to it; what waits is not sent."
                  : "For 24 h each webhook is signed by both, so no check fails."}
              </p>
            ),
            act: asking === "delete" ? "Delete it" : "Rotate it",
            reason: false,
          }}
          onClose={() => setAsking(null)}
          onAct={() => {
            setAsking(null);
            void run(act);
          }}
        />
      ) : null}
    </li>
  );
}

function Health({ webhook }: { webhook: Webhook }) {
  return (
    <div className="row">
      <Status status={webhook.status} />
      <span className="strong figures">{webhook.url}</span>
      <span className="faint">{webhook.types.join(", ") || "all types"}</span>
      <span className="faint">
        last success <Moment at={webhook.last_success_at} />
        {webhook.failing_since ? (
          <>
            , failing since <Moment at={webhook.failing_since} />
          </>
        ) : null}
        {webhook.disabled_reason ? `, disabled: ${webhook.disabled_reason}` : ""}
      </span>
    </div>
  );
}

function wordsOf(test: Schemas["WebhookTest"]): { tone: "good" | "bad"; words: string } {
  const answer = test.error ?? `answered ${String(test.status_code)}`;
  return {
    tone: test.ok ? "good" : "bad",
    words: `The test ${test.ok ? "was taken" : "failed"}: ${answer}, ${String(test.duration_ms)} ms.`,
  };
}

export function NewEndpoint({ merchant }: { merchant: string }) {
  const [secret, setSecret] = useState<string | null>(null);
  const { run, error, isBusy } = useRefresh(merchant);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget);
    const types = String(typed.get("types") ?? "")
      .split(/[\s,]+/)
      .filter(Boolean);
    const body = { url: String(typed.get("url")), types };
    void run(async () => {
      const given = await write("post", "/api/v1/webhooks/", { merchant, body: body as never });
      if (given.kind === "decided") setSecret(given.body.secret);
    });
  };
  return (
    <section className="panel" aria-label="New endpoint">
      <h2>New endpoint</h2>
      <form className="filters" onSubmit={submit}>
        <label className="field">
          Address
          <input name="url" type="url" required size={36} placeholder="https://example.com/payflow" />
        </label>
        <label className="field">
          Types, none for all
          <input name="types" size={28} placeholder="payout.* batch.*" />
        </label>
        <button className="button primary" disabled={isBusy}>
          {isBusy ? "Being made…" : "Make it"}
        </button>
      </form>
      {secret ? (
        <Notice tone="good">
          Its secret, shown this once: <Copy text={secret} />
        </Notice>
      ) : null}
      {error ? <TroubleNotice error={error} /> : null}
    </section>
  );
}
