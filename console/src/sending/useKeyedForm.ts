// A form with an idempotency key (CON-13, CON-14): typed content and key are kept in this tab; a second press while it is sent does nothing;
// an unknown outcome freezes the content until the answer comes. Owns this behaviour. Must not know fields.
import { useRef, useState } from "react";
import type { Asked } from "~/api/request";
import { writtenBy, type Written } from "~/api/typed";
import { troubleOf, type Trouble } from "~/api/trouble";
import { afterTrouble, FormKey, type Keyed } from "~/sending/keyed";
import { outbox } from "~/sending/outbox";

export interface KeyedForm<D> {
  draft: D;
  change: (draft: D) => void;
  isSending: boolean;
  /** Sent, and nobody knows what became of it: only the same can be sent again. */
  isUnknown: boolean;
  trouble: Trouble | null;
  send: (asked: (draft: D) => Omit<Asked, "key">, words: string) => Promise<void>;
  /** Give the content up: the next one has a key of its own. */
  startOver: () => void;
}

export function useKeyedForm<D>(
  name: string,
  empty: D,
  isDraft: (value: unknown) => value is D,
  onDecided: (result: Extract<Written<unknown>, { kind: "decided" }>) => void,
): KeyedForm<D> {
  const [form] = useState(() => new FormKey(name, isDraft));
  const [keyed, setKeyed] = useState<Keyed<D>>(() => form.open(empty));
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [isSending, setSending] = useState(false);
  const sending = useRef(false);
  const hold = (next: Keyed<D>) => setKeyed(form.hold(next));

  const startOver = () => {
    form.close();
    setTrouble(null);
    setKeyed(form.open(empty));
  };
  const decide = (result: Written<unknown>) => {
    if (result.kind !== "decided") return hold({ ...keyed, state: "unknown" });
    startOver();
    onDecided(result);
  };
  const refuse = (refused: Trouble) => {
    setTrouble(refused);
    const outcome = afterTrouble(refused);
    if (outcome === "repeat_as_it_was") hold({ ...keyed, state: "unknown" });
    else if (outcome === "mend_and_send") hold({ ...keyed, state: "open" });
    else {
      form.close();
      hold({ key: crypto.randomUUID(), draft: keyed.draft, state: "open" });
    }
  };
  const wait = (asked: Omit<Asked, "key">, words: string) => {
    const { method, path, merchant, body, ifMatch } = asked;
    if (body instanceof FormData) return; // a file cannot be kept in the list: its form sends it again, with its key
    outbox.add({ key: keyed.key, words, asked: { method, path, merchant, body, ifMatch }, sentAt: Date.now() }, (result) =>
      "kind" in result ? decide(result) : refuse(result),
    );
  };
  const send = async (asked: (draft: D) => Omit<Asked, "key">, words: string) => {
    if (sending.current) return;
    sending.current = true;
    setSending(true);
    setTrouble(null);
    const request = asked(keyed.draft);
    try {
      const result = await writtenBy({ ...request, key: keyed.key });
      outbox.remove(keyed.key);
      decide(result);
      if (result.kind === "undecided") wait(request, words);
    } catch (error) {
      const refused = troubleOf(error);
      refuse(refused);
      if (refused.parts.certainty === "unknown") wait(request, words);
    } finally {
      sending.current = false;
      setSending(false);
    }
  };
  return {
    draft: keyed.draft,
    change: (draft) => keyed.state === "open" && hold({ ...keyed, draft }),
    isSending,
    isUnknown: keyed.state === "unknown",
    trouble,
    send,
    startOver,
  };
}
