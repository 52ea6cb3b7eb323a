// What comes next (TML-02): the server's sentence, who must act, when, and whether paying again is safe; and of a failure what to do and what the
// payee is told (LIF-19). Owns their order. Must not decide anything.
import { Moment } from "~/parts/Moment";
import type { Schemas } from "~/api/typed";
import { moneyMoved, payAgain, whoActs } from "~/pages/story/words";

interface NextProps {
  next: Schemas["NextStep"];
  failure?: Schemas["FailureMeaning"] | null;
  /** Of a batch. */
  many?: boolean;
}

export function Next({ next, failure, many = false }: NextProps) {
  return (
    <dl className="facts" aria-label="What comes next">
      <dt>What comes next</dt>
      <dd className="strong">{next.text}</dd>
      {next.at ? (
        <>
          <dt>When</dt>
          <dd>
            <Moment at={next.at} exact />
          </dd>
        </>
      ) : null}
      <dt>Who must act</dt>
      <dd>{whoActs(next.who, next.step === "none")}</dd>
      <dt>Money</dt>
      <dd>{moneyMoved(next.money_moved, many)}</dd>
      <dt>Paying again</dt>
      <dd className={next.retry_safe ? undefined : "tone-warn"}>{payAgain(next.retry_safe)}</dd>
      {failure ? (
        <>
          <dt>To the payee</dt>
          <dd>{failure.payee_text}</dd>
        </>
      ) : null}
    </dl>
  );
}
