// A trouble with all that CON-25 asks for: cause, effect on money, next step, code, trace id. Owns the layout. Must not retry by itself.
import { useQuery } from "@tanstack/react-query";
import { remedyQuery } from "~/api/reads";
import { troubleOf } from "~/api/trouble";
import { Copy } from "~/parts/Copy";

const OURS = new Set(["timeout", "offline", "unreadable", "undecided", "console_error"]);

export function TroubleNotice({
  error,
  onRetry,
  retryWord = "Try again",
}: {
  error: unknown;
  onRetry?: (() => void) | undefined;
  retryWord?: string;
}) {
  const trouble = troubleOf(error);
  const { code, title, cause, traceId, faults } = trouble.parts;
  return (
    <div
      className={`notice tone-${trouble.parts.certainty === "unknown" && trouble.parts.writes ? "unknown" : "bad"}`}
      role="alert"
    >
      <strong>{title}</strong>
      <dl className="facts">
        <dt>Cause</dt>
        <dd>{cause}</dd>
        {faults?.length ? <Faults faults={faults} /> : null}
        <dt>Effect on money</dt>
        <dd>{trouble.effect}</dd>
        <dt>Next step</dt>
        <dd>
          <Remedy code={code} otherwise={trouble.nextStep} />
        </dd>
        <dt>Code</dt>
        <dd className="figures">{code}</dd>
        {traceId ? (
          <>
            <dt>Trace id</dt>
            <dd>
              <Copy text={traceId} />
            </dd>
          </>
        ) : null}
      </dl>
      {onRetry ? (
        <button type="button" className="button" onClick={onRetry}>
          {retryWord}
        </button>
      ) : null}
    </div>
  );
}

function Faults({ faults }: { faults: { pointer: string; detail: string; row?: string | null }[] }) {
  return (
    <>
      <dt>Fields</dt>
      <dd>
        <ul className="plain-list">
          {faults.slice(0, 20).map((fault) => (
            <li key={fault.pointer + fault.detail}>
              <code>{fault.pointer}</code> {fault.detail}
            </li>
          ))}
        </ul>
      </dd>
    </>
  );
}

/** The server's own words for its code; ours where there are none or they cannot be had now. */
function Remedy({ code, otherwise }: { code: string; otherwise: string }) {
  const known = !OURS.has(code) && !code.startsWith("http_");
  const remedy = useQuery({ ...remedyQuery(code), enabled: known });
  return known && remedy.data ? remedy.data.remedy : otherwise;
}
