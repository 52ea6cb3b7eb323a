// Writing one payment (CON-05, CON-13). Owns the fields. Must not move money: it makes a draft.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useIdentity, whyNot } from "~/api/identity";
import { draftsQuery, merchantsQuery } from "~/api/reads";
import type { Schemas } from "~/api/typed";
import { useOnline } from "~/feed/context";
import { ActButton } from "~/parts/ActButton";
import { CurrencyField } from "~/parts/CurrencyField";
import { Field } from "~/parts/Field";
import { Loading, Notice } from "~/parts/Panel";
import { TroubleNotice } from "~/parts/TroubleNotice";
import { EMPTY, faultsOf, isPaymentDraft, requestOf, type PaymentDraft } from "~/pages/payments/form";
import { Payee } from "~/pages/payments/Payee";
import { useKeyedForm } from "~/sending/useKeyedForm";

interface PaymentFormProps {
  merchant: string;
  onDrafted: (id: string) => void;
}

/** Drawn once the merchant is known: its main currency is what an empty form begins with. */
export function PaymentForm(props: PaymentFormProps) {
  const merchants = useQuery(merchantsQuery);
  if (merchants.isPending) return <Loading />;
  return <Form {...props} known={merchants.data?.results.find((one) => one.id === props.merchant)} />;
}

function Form({ merchant, onDrafted, known }: PaymentFormProps & { known: Schemas["Merchant"] | undefined }) {
  const cache = useQueryClient();
  const form = useKeyedForm(
    `payment.${merchant}`,
    { ...EMPTY, currency: known?.main_currency ?? "" },
    isPaymentDraft,
    (result) => {
      void cache.invalidateQueries({ queryKey: draftsQuery(merchant).queryKey });
      onDrafted((result.body as Schemas["Draft"]).id);
    },
  );
  const [tried, setTried] = useState(false);
  const faults = faultsOf(form.draft);
  const right = whyNot(useIdentity(), "pay", merchant);
  const online = useOnline();
  const why = right ?? (form.isSending ? "Being sent…" : online || form.isUnknown ? null : "Offline: nothing new is sent.");
  const send = () => {
    setTried(true);
    if (Object.keys(faults).length) return;
    void form.send(
      (draft) => ({ method: "POST", path: "/api/v1/drafts/", merchant, body: { payout: requestOf(draft) } }),
      `Draft of ${form.draft.amount} ${form.draft.currency}`,
    );
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (why === null) send();
  };
  return (
    <section className="panel" aria-label="New payment">
      <h2>New payment</h2>
      <form className="stack" onSubmit={submit} noValidate>
        <fieldset className="plain stack" disabled={form.isUnknown || form.isSending}>
          <Fields
            draft={form.draft}
            change={form.change}
            faults={tried ? faults : {}}
            accounts={known?.bank_accounts ?? []}
          />
        </fieldset>
        {form.isUnknown ? (
          <Notice tone="unknown">
            Sent, and not answered. What you typed stays as it is: send the same again, or wait; the key makes it one
            request.
          </Notice>
        ) : null}
        {form.trouble ? <TroubleNotice error={form.trouble} /> : null}
        <div className="row">
          <ActButton why={why} className="button primary" onAct={send}>
            {form.isUnknown ? "Send again with the same key" : "Make the draft"}
          </ActButton>
          <button
            type="button"
            className="button quiet"
            onClick={form.startOver}
            disabled={form.isSending || form.isUnknown}
          >
            Clear
          </button>
        </div>
      </form>
    </section>
  );
}

interface FieldsProps {
  draft: PaymentDraft;
  change: (draft: PaymentDraft) => void;
  faults: Partial<Record<keyof PaymentDraft, string>>;
  accounts: Schemas["SavedAccount"][];
}

function Fields({ draft, change, faults, accounts }: FieldsProps) {
  const put = (part: Partial<PaymentDraft>) => change({ ...draft, ...part });
  return (
    <>
      <div className="row top-aligned">
        <Field name="Amount" fault={faults.amount}>
          {(props) => (
            <input
              {...props}
              inputMode="decimal"
              value={draft.amount}
              onChange={(event) => put({ amount: event.target.value })}
            />
          )}
        </Field>
        <CurrencyField
          name="Currency"
          fault={faults.currency}
          value={draft.currency}
          onChange={(currency) => put({ currency })}
        />
      </div>
      <Field name="Paid to">
        {(props) => (
          <select
            {...props}
            value={draft.kind}
            onChange={(event) => put({ kind: event.target.value as PaymentDraft["kind"], payee: "" })}
          >
            <option value="bank_account">A bank account</option>
            <option value="mobile_money">A mobile wallet</option>
            {accounts.length ? <option value="saved">A saved account</option> : null}
          </select>
        )}
      </Field>
      <Payee draft={draft} put={put} fault={faults.payee} accounts={accounts} />
      <div className="row top-aligned">
        <Field name="Your reference, unique for ever">
          {(props) => (
            <input
              {...props}
              maxLength={64}
              value={draft.reference}
              onChange={(event) => put({ reference: event.target.value })}
            />
          )}
        </Field>
        <Field name="Description">
          {(props) => (
            <input
              {...props}
              maxLength={200}
              value={draft.description}
              onChange={(event) => put({ description: event.target.value })}
            />
          )}
        </Field>
      </div>
      <Field name="If the balance is too low">
        {(props) => (
          <select
            {...props}
            value={draft.whenShort}
            onChange={(event) => put({ whenShort: event.target.value as PaymentDraft["whenShort"] })}
          >
            <option value="refuse">Refuse it</option>
            <option value="wait">Wait for funds, first in first out</option>
          </select>
        )}
      </Field>
    </>
  );
}
