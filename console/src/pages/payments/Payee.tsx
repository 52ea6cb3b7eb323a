// Who is paid: a saved account, or a number and a name; in open mode also the simulator's payees (CON-05). Owns these fields. Must not send.
import { isOpen, useIdentity } from "~/api/identity";
import type { Schemas } from "~/api/typed";
import { Field } from "~/parts/Field";
import { MAGIC, magicPayee, type PaymentDraft } from "~/pages/payments/form";

export function Payee({
  draft,
  put,
  fault,
  accounts,
}: {
  draft: PaymentDraft;
  put: (part: Partial<PaymentDraft>) => void;
  fault: string | undefined;
  accounts: Schemas["SavedAccount"][];
}) {
  const open = isOpen(useIdentity());
  if (draft.kind === "saved")
    return (
      <Field name="Account" fault={fault}>
        {(props) => (
          <select {...props} value={draft.payee} onChange={(event) => put({ payee: event.target.value })}>
            <option value="">Choose</option>
            {accounts.map((account) => (
              <option key={account.id} value={account.id} disabled={!account.verified}>
                {account.holder} {account.account_number} {account.verified ? "" : "(not verified)"}
              </option>
            ))}
          </select>
        )}
      </Field>
    );
  return (
    <>
      <div className="row top-aligned">
        <Field name={draft.kind === "mobile_money" ? "Wallet number, with +" : "Account number or IBAN"} fault={fault}>
          {(props) => (
            <input
              {...props}
              value={draft.payee}
              onChange={(event) => put({ payee: event.target.value })}
              autoComplete="off"
            />
          )}
        </Field>
        <Field name="Name of the payee">
          {(props) => (
            <input
              {...props}
              value={draft.name}
              onChange={(event) => put({ name: event.target.value })}
              autoComplete="off"
            />
          )}
        </Field>
      </div>
      {open ? (
        <Field name="Sandbox: a payee whose outcome the simulator drives">
          {(props) => (
            <select {...props} value="" onChange={(event) => put({ payee: magicPayee(draft.kind, event.target.value) })}>
              <option value="">None: a plain payee</option>
              {MAGIC.map(({ ending, words }) => (
                <option key={ending} value={ending}>
                  {words} ({magicPayee(draft.kind, ending)})
                </option>
              ))}
            </select>
          )}
        </Field>
      ) : null}
    </>
  );
}
