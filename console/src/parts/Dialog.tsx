// Dialogs over the page: a plain one, and the one that asks before anything is destroyed (CON-06).
// Owns focus (by Radix), the typed confirmation and the reason. Must not send.
import { Dialog as Radix } from "radix-ui";
import { useId, useState, type ReactNode } from "react";
import { ActButton } from "~/parts/ActButton";

interface DialogProps {
  title: string;
  open: boolean;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}

export function Dialog({ title, open, onClose, children, wide = false }: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
      <Radix.Portal>
        <Radix.Overlay className="veil" />
        <Radix.Content className={wide ? "dialog wide" : "dialog"} aria-describedby={undefined}>
          <Radix.Title className="dialog-title">{title}</Radix.Title>
          {children}
          <Radix.Close className="button quiet dialog-close" aria-label="Close">
            ✕
          </Radix.Close>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export interface Danger {
  title: string;
  /** What happens, in words that name the money. */
  what: ReactNode;
  act: string;
  /** What has to be typed before it can be done, such as `3 rows 120.00 USD`; none for a single thing. */
  typed?: string | undefined;
  /** Why it cannot be done now, in the server's or our words. */
  blocked?: string | null;
  /** Whether a reason is asked for; false only where the server keeps none. */
  reason?: boolean;
}

/** Ask first. `onAct` gets the reason; it is empty only where none is asked for. */
export function DangerDialog({
  danger,
  onClose,
  onAct,
}: {
  danger: Danger;
  onClose: () => void;
  onAct: (reason: string) => void;
}) {
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const id = useId();
  const fits = !danger.typed || typed.trim() === danger.typed;
  const asks = danger.reason ?? true;
  const lacks = asks && reason.trim().length < 3 ? "Give a reason." : null;
  const why = danger.blocked ?? lacks ?? (fits ? null : `Type exactly: ${danger.typed ?? ""}`);
  return (
    <Dialog title={danger.title} open onClose={onClose}>
      <div className="stack">
        <div>{danger.what}</div>
        {asks ? (
          <label className="field" htmlFor={`${id}-reason`}>
            Reason (kept in the history)
            <input
              id={`${id}-reason`}
              value={reason}
              maxLength={200}
              onChange={(event) => setReason(event.target.value)}
              autoFocus
            />
          </label>
        ) : null}
        {danger.typed ? (
          <label className="field" htmlFor={`${id}-typed`}>
            Type <code>{danger.typed}</code> to confirm
            <input id={`${id}-typed`} value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" />
          </label>
        ) : null}
        <div className="row">
          <ActButton why={why} className="button danger" onAct={() => onAct(reason.trim())}>
            {danger.act}
          </ActButton>
          <button type="button" className="button" onClick={onClose}>
            Keep it
          </button>
        </div>
      </div>
    </Dialog>
  );
}
