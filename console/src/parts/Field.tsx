// A labelled field with its fault beside it, tied together for readers that cannot see (CON-23). Must not know values.
import { useId, type ReactNode } from "react";

interface FieldProps {
  name: string;
  fault?: string | undefined;
  children: (props: { id: string; "aria-invalid": boolean; "aria-describedby": string | undefined }) => ReactNode;
}

/** A labelled field with its fault beside it. */
export function Field({ name, fault, children }: FieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{name}</label>
      {children({ id, "aria-invalid": Boolean(fault), "aria-describedby": fault ? `${id}-fault` : undefined })}
      {fault ? (
        <span id={`${id}-fault`} className="field-fault">
          {fault}
        </span>
      ) : null}
    </div>
  );
}
