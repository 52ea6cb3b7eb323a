// How a batch is paid when money or a row fails it (BAT-10). Owns these two choices; what they do is the server's.
import type { SubmitDraft } from "~/pages/submit/draft";
import { Field } from "~/parts/Field";

export function PayOptions({ draft, change }: { draft: SubmitDraft; change: (draft: SubmitDraft) => void }) {
  return (
    <>
      <Field name="If the money is not enough">
        {(props) => (
          <select
            {...props}
            value={draft.funding}
            onChange={(event) => change({ ...draft, funding: event.target.value as SubmitDraft["funding"] })}
          >
            <option value="all_or_nothing">refuse all of it</option>
            <option value="as_available">pay what it covers; the rest waits for money</option>
          </select>
        )}
      </Field>
      <Field name="If a row fails">
        {(props) => (
          <select
            {...props}
            value={draft.onRowFailure}
            onChange={(event) => change({ ...draft, onRowFailure: event.target.value as SubmitDraft["onRowFailure"] })}
          >
            <option value="continue">go on with the others</option>
            <option value="stop">cancel the rows that were not sent</option>
          </select>
        )}
      </Field>
    </>
  );
}
