// The submit flow (CON-09): a file or typed rows, columns, a look at it, sent under one key; refused rows are mended in place; then followed live.
// Owns the order of the steps. Must not say that anything is paid: the batch's page shows what was decided.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useIdentity, whyNot } from "~/api/identity";
import { merchantsQuery } from "~/api/reads";
import type { Batch } from "~/api/typed";
import { useOnline } from "~/feed/context";
import { ActButton } from "~/parts/ActButton";
import { Loading, Notice } from "~/parts/Panel";
import { TroubleNotice } from "~/parts/TroubleNotice";
import { Corrections } from "~/pages/submit/Corrections";
import { bodyOf, EMPTY, formOf, isSubmitDraft, whyNotYet, type SubmitDraft } from "~/pages/submit/draft";
import { FileStep } from "~/pages/submit/FileStep";
import { RowsStep, TypedSums } from "~/pages/submit/RowsStep";
import { useMerchant } from "~/place/merchant";
import { useKeyedForm } from "~/sending/useKeyedForm";

const route = getRouteApi("/submit");
/** A file is answered when all of it is decided: a million rows take minutes. */
const FILE_PATIENCE_MS = 15 * 60_000;

export function Submit() {
  const merchant = useMerchant();
  const { upload } = route.useSearch();
  const merchants = useQuery(merchantsQuery);
  const main = merchants.data?.results.find((one) => one.id === merchant)?.main_currency ?? "";
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Submit a batch</h1>
        <p className="faint">Everything is checked before any row is taken.</p>
      </header>
      {upload ? (
        <Corrections key={upload} id={upload} merchant={merchant} />
      ) : merchants.isPending ? (
        <Loading />
      ) : (
        <SubmitForm key={merchant} merchant={merchant} main={main} />
      )}
    </>
  );
}

function SubmitForm({ merchant, main }: { merchant: string; main: string }) {
  const navigate = useNavigate();
  const [file, setFile] = useState<File | null>(null);
  const form = useKeyedForm(`submit.${merchant}`, { ...EMPTY, currency: main }, isSubmitDraft, (result) => {
    void navigate({ to: "/payouts/$id", params: { id: (result.body as Batch).id } });
  });
  const why = useWhy(merchant, form.draft, file, form.isSending, form.isUnknown);
  const send = () =>
    void form.send(
      (draft) => requestOf(draft, file, merchant),
      `Batch ${form.draft.name || form.draft.file?.name || "of typed rows"}`,
    );
  return (
    <form
      className="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (why === null) send();
      }}
    >
      <fieldset className="plain stack" disabled={form.isSending || (form.isUnknown && form.draft.way === "rows")}>
        <Ways draft={form.draft} change={form.change} />
        {form.draft.way === "file" ? (
          <FileStep draft={form.draft} change={form.change} file={file} onFile={setFile} />
        ) : (
          <RowsStep draft={form.draft} change={form.change} />
        )}
      </fieldset>
      <section className="panel" aria-label="Send it">
        <h2>Send it</h2>
        {form.draft.way === "rows" ? <TypedSums draft={form.draft} /> : null}
        {form.isSending ? (
          <Notice tone="warn">
            Requested. A large file is answered when all of it is decided; nothing is shown as paid before.
          </Notice>
        ) : null}
        {form.isUnknown ? (
          <Notice tone="unknown">Sent, and not answered. Send the same again: the key makes it one batch.</Notice>
        ) : null}
        <Refused form={form.trouble} merchant={merchant} />
        <div className="row">
          <ActButton why={why} className="button primary" onAct={send}>
            {form.isUnknown ? "Send again with the same key" : "Submit the batch"}
          </ActButton>
          <button type="button" className="button quiet" onClick={form.startOver} disabled={form.isSending}>
            {form.isUnknown ? "Give it up: the next one gets a key of its own" : "Clear"}
          </button>
        </div>
      </section>
    </form>
  );
}

function requestOf(draft: SubmitDraft, file: File | null, merchant: string) {
  if (draft.way === "rows") return { method: "POST" as const, path: "/api/v1/batches/", merchant, body: bodyOf(draft) };
  const body = formOf(draft, file ?? new File([], "none"));
  return { method: "POST" as const, path: "/api/v1/batches/upload/", merchant, body, patienceMs: FILE_PATIENCE_MS };
}

function useWhy(
  merchant: string,
  draft: SubmitDraft,
  file: File | null,
  isSending: boolean,
  isUnknown: boolean,
): string | null {
  const right = whyNot(useIdentity(), "pay", merchant);
  const online = useOnline();
  if (right) return right;
  if (isSending) return "Being sent…";
  if (!online) return "Offline: nothing new is sent.";
  const other =
    isUnknown &&
    draft.way === "file" &&
    file &&
    draft.file &&
    (file.name !== draft.file.name || file.size !== draft.file.size);
  return other
    ? `The key belongs to ${draft.file?.name ?? "another file"}: choose that file again.`
    : whyNotYet(draft, file);
}

function Ways({ draft, change }: { draft: SubmitDraft; change: (draft: SubmitDraft) => void }) {
  return (
    <div className="tabs" role="group" aria-label="Where the rows come from">
      {(["file", "rows"] as const).map((way) => (
        <button
          key={way}
          type="button"
          className="tab"
          aria-pressed={draft.way === way}
          onClick={() => change({ ...draft, way })}
        >
          {way === "file" ? "A file" : "Type rows"}
        </button>
      ))}
    </div>
  );
}

/** A refused file is kept by the server: its rows can be mended in place. */
function Refused({ form: trouble, merchant }: { form: ReturnType<typeof useKeyedForm>["trouble"]; merchant: string }) {
  const navigate = useNavigate();
  if (!trouble) return null;
  const upload = trouble.parts.more?.["upload_id"];
  return (
    <>
      <TroubleNotice error={trouble} />
      {typeof upload === "string" && trouble.parts.code !== "duplicate_file" ? (
        <button
          type="button"
          className="button primary"
          onClick={() => void navigate({ to: "/submit", search: { m: merchant, upload } })}
        >
          Mend the rows in place
        </button>
      ) : null}
    </>
  );
}
