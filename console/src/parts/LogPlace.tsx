// A place on the log of events, which opens the record that stands there (CON-25). Owns the button and its dialog. Must not interpret.
import { useState, type ReactNode } from "react";
import { Dialog } from "~/parts/Dialog";
import { RawRecord } from "~/parts/RawRecord";

export interface Position {
  partition: number;
  offset: number;
  index: number;
}

export function placeOf({ partition, offset, index }: Position): string {
  return `${String(partition)}:${String(offset)}:${String(index)}`;
}

/** `name`: how the place is called where it stands, if not by its three numbers. */
export function LogPlace({ position, name, children }: { position: Position; name?: string; children?: ReactNode }) {
  const [open, setOpen] = useState(false);
  const place = name ?? placeOf(position);
  return (
    <>
      <button type="button" className="linkish figures" onClick={() => setOpen(true)}>
        {place}
      </button>
      <Dialog title={`Log record ${place}`} open={open} onClose={() => setOpen(false)} wide>
        <p>
          Partition {position.partition}, offset {position.offset} on <code>payouts.events</code>
          {children}.
        </p>
        <RawRecord topic="payouts.events" partition={position.partition} offset={position.offset} />
      </Dialog>
    </>
  );
}
