// A button that says why it cannot be pressed (CON-06, CON-15). Owns that it is never removed and never silent. Must not judge.
import { useId, type ReactNode } from "react";

interface ActProps {
  /** Why it cannot be pressed now; null if it can. */
  why: string | null;
  onAct: () => void;
  className?: string;
  children: ReactNode;
}

export function ActButton({ why, onAct, className = "button", children }: ActProps) {
  const id = useId();
  return (
    <span className="act">
      <button
        type="button"
        className={className}
        aria-disabled={why !== null}
        aria-describedby={why === null ? undefined : id}
        onClick={() => (why === null ? onAct() : undefined)}
      >
        {children}
      </button>
      {why === null ? null : (
        <span id={id} className="why faint">
          {why}
        </span>
      )}
    </span>
  );
}
