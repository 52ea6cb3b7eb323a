// Who is signed in, and the way out. Owns that nothing of a person stays in the tab: the page is loaded anew. Not there in open mode, where
// nobody has signed in.
import { useState, useSyncExternalStore } from "react";
import { useIdentity } from "~/api/identity";
import { troubleOf } from "~/api/trouble";
import { write } from "~/api/typed";
import { forgetAll } from "~/keep/storage";
import { ActButton } from "~/parts/ActButton";
import { outbox } from "~/sending/outbox";

export function SignedIn() {
  const identity = useIdentity();
  const waiting = useSyncExternalStore(outbox.list.listen, outbox.list.get).length;
  const [fault, setFault] = useState<string | null>(null);
  if (identity?.kind !== "person") return null;
  const why = waiting ? `${String(waiting)} not answered yet: see the list.` : null;
  return (
    <span className="inline-field who" title={identity.name}>
      <span className="faint on-wide cut">{identity.name}</span>
      <ActButton
        why={why}
        className="button quiet"
        onAct={() => void signOut().catch((error: unknown) => setFault(causeOf(error)))}
      >
        Sign out
      </ActButton>
      {fault ? <span role="alert">{fault}</span> : null}
    </span>
  );
}

function causeOf(error: unknown): string {
  return `Still signed in: ${troubleOf(error).parts.cause}`;
}

async function signOut(): Promise<void> {
  await write("delete", "/api/v1/sessions/current/", {});
  forgetAll("session", "");
  location.assign("/");
}
