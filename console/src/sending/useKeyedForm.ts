// A form with an idempotency key (CON-13, CON-14): typed content and key are kept in this tab; a second press while it is sent does nothing;
// an unknown outcome freezes the content until the answer comes. Owns this behaviour. Must not know fields.
import { useEffect, useRef, useState } from "react";
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
  const current = useRef<string | null>(keyed.key);
  useEffect(() => {
    current.current = keyed.key;
    return () => void (current.current = null); // the page was left, or another merchant chosen
  }, [keyed.key]);
  const hold = (next: Keyed<D>) => setKeyed(form.hold(next));

  const startOver = () => {
    form.close();
    setTrouble(null);
    setKeyed(form.open(empty));
  };
  /** `sent` is what was asked for: its answer may come when the form was left, or given up for another one. */
  const decide = (sent: Keyed<D>, result: Written<unknown>) => {
    const isLeft = current.current !== sent.key;
    if (result.kind !== "decided") return isLeft ? form.settle(sent.key, "unknown") : hold({ ...sent, state: "unknown" });
    if (isLeft) return form.settle(sent.key, null);
    startOver();
    onDecided(result);
  };
  const refuse = (sent: Keyed<D>, refused: Trouble) => {
    const outcome = afterTrouble(refused);
    const state = outcome === "new_key" ? null : outcome === "repeat_as_it_was" ? "unknown" : "open";
    if (current.current !== sent.key) return form.settle(sent.key, state);
    setTrouble(refused);
    if (state === null) form.close();
    hold({ ...sent, state: state ?? "open", key: state === null ? crypto.randomUUID() : sent.key });
  };
  const wait = (sent: Keyed<D>, asked: Omit<Asked, "key">, words: string) => {
    const { method, path, merchant, body, ifMatch } = asked;
    if (body instanceof FormData) return; // a file cannot be kept in the list: its form sends it again, with its key
    outbox.add({ key: sent.key, words, asked: { method, path, merchant, body, ifMatch }, sentAt: Date.now() }, (result) =>
      "kind" in result ? decide(sent, result) : refuse(sent, result),
    );
  };
  const send = async (asked: (draft: D) => Omit<Asked, "key">, words: string) => {
    if (sending.current) return;
    sending.current = true;
    setSending(true);
    setTrouble(null);
    const [sent, request] = [keyed, asked(keyed.draft)];
    try {
      const result = await writtenBy({ ...request, key: sent.key });
      outbox.remove(sent.key);
      decide(sent, result);
      if (result.kind === "undecided") wait(sent, request, words);
    } catch (error) {
      const refused = troubleOf(error);
      refuse(sent, refused);
      if (refused.parts.certainty === "unknown") wait(sent, request, words);
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
