// Offline, and what waits for the line (CON-17): a banner, the list of requests that were sent and not answered, and clearing it.
// Owns asking again on reconnect. Must not send anything that was not sent before.
import { useEffect, useSyncExternalStore } from "react";
import { useConnection, useOnline } from "~/feed/context";
import { Moment } from "~/parts/Moment";
import { outbox } from "~/sending/outbox";

export function OfflineBanner() {
  const online = useOnline();
  const list = useSyncExternalStore(outbox.list.listen, outbox.list.get);
  useAskedAgain(online, list.length > 0);
  if (online && list.length === 0) return null;
  return (
    <section className={`notice banner tone-${online ? "unknown" : "bad"}`} aria-label="Connection">
      {online ? null : (
        <p role="alert">
          <strong>Offline.</strong> What you see is what was last known. Reads are repeated when the connection is back;
          nothing new is sent without you.
        </p>
      )}
      {list.length ? <Unanswered online={online} /> : null}
    </section>
  );
}

/** On a page that follows nothing no line says that the server is back: it is asked now and then. */
const ASK_EVERY_MS = 10_000;

/** What was sent and not answered is sent again as soon as the line is back. */
function useAskedAgain(online: boolean, hasSome: boolean): void {
  const line = useConnection().kind;
  const [isLive, isIdle] = [line === "live", line === "idle"];
  useEffect(() => {
    if (!online || !(isLive || isIdle)) return;
    void outbox.flush();
    if (!isIdle || !hasSome) return;
    const timer = setInterval(() => void outbox.flush(), ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, [online, isLive, isIdle, hasSome]);
}

function Unanswered({ online }: { online: boolean }) {
  const list = useSyncExternalStore(outbox.list.listen, outbox.list.get);
  return (
    <>
      <p>
        <strong>
          {list.length === 1 ? "One request was sent" : `${String(list.length)} requests were sent`} and not answered.
        </strong>{" "}
        The same key is sent again when the connection is back, so nothing can be paid twice.
      </p>
      <ul className="plain-list">
        {list.map((item) => (
          <li key={item.key} className="row">
            <span>{item.words}</span>
            <Moment at={new Date(item.sentAt).toISOString()} />
            <span className="faint">{item.state === "sending" ? "asking…" : "outcome unknown"}</span>
            <button type="button" className="button quiet" onClick={() => outbox.remove(item.key)}>
              Ask no more
            </button>
          </li>
        ))}
      </ul>
      <div className="row">
        <button type="button" className="button" disabled={!online} onClick={() => void outbox.flush()}>
          Ask again now
        </button>
        <button type="button" className="button quiet" onClick={() => outbox.clear()}>
          Clear the list
        </button>
      </div>
    </>
  );
}
