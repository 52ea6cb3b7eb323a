// How the line stands: word, next try, and the Retry button after the tenth (CON-04). Owns the words: what matters most comes first, since the
// header cuts what it has no room for. Must not open anything.
import { TRIES } from "~/feed/backoff";
import type { Connection } from "~/feed/connection";
import { useConnection, useFeed } from "~/feed/context";
import { Word } from "~/parts/Status";
import type { Tone } from "~/parts/status";
import { useNow } from "~/time/now";

/** `announces`: the one in the header speaks, once for each kind of state; the countdown is for the eye. */
export function ConnectionState({ announces = false }: { announces?: boolean }) {
  const connection = useConnection();
  const feed = useFeed();
  const now = useNow();
  const [tone, words] =
    connection.kind === "live" && !feed.isWhole ? (["warn", "Live in part"] as const) : wordsOf(connection, now);
  const helps = connection.kind === "waiting" || connection.kind === "given_up" || connection.kind === "offline";
  return (
    <span className="connection" data-connection={connection.kind}>
      {announces ? (
        <span className="hidden" role="status">
          {SPOKEN[connection.kind]}
        </span>
      ) : null}
      <span className="connection-words" title={words}>
        <Word tone={tone}>{words}</Word>
      </span>
      {helps ? (
        <button type="button" className="button" onClick={() => feed.retry()}>
          {connection.kind === "given_up" ? "Retry" : "Try now"}
        </button>
      ) : null}
    </span>
  );
}

const SPOKEN: Record<Connection["kind"], string> = {
  idle: "",
  connecting: "Connecting",
  live: "Live",
  waiting: "Not live, trying again",
  given_up: "Not live, ten tries failed",
  offline: "Offline",
  signed_out: "Signed out",
  refused: "Not live, refused",
};

export function wordsOf(connection: Connection, now: number): [Tone, string] {
  switch (connection.kind) {
    case "idle":
      return ["plain", "Nothing followed"];
    case "connecting":
      return ["wait", "Connecting…"];
    case "live":
      return ["good", "Live"];
    case "waiting": {
      const seconds = Math.max(0, Math.ceil((connection.nextTryAt - now) / 1000));
      return [
        "warn",
        `Not live, try ${String(connection.attempt)} of ${String(TRIES)} in ${String(seconds)} s: ${connection.why}`,
      ];
    }
    case "given_up":
      return ["bad", `Not live, ten tries failed: ${connection.why}`];
    case "offline":
      return ["bad", "Offline"];
    case "signed_out":
      return ["bad", "Signed out: sign in again"];
    case "refused":
      return ["bad", `Not live: ${connection.why}`];
  }
}
