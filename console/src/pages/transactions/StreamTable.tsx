// The rows of the live stream, newest first. Owns that drawing them costs little, fifty new ones ten times a second: a row that did not change is
// not drawn again; where all are new, rows of the page are taken over; the present, the zone and the merchant are asked for once a table; a
// link asks nothing of the router. Must not know the feed.
import { memo, useState, type MouseEvent } from "react";
import type { Change } from "~/feed/messages";
import { Money } from "~/parts/Money";
import { TimeTold } from "~/parts/Moment";
import { openPlainly } from "~/parts/openPlainly";
import { Status } from "~/parts/Status";
import { useSteady } from "~/parts/steady";
import { Slots } from "~/pages/transactions/slots";
import { useMerchant } from "~/place/merchant";
import { marked, useRowKeys } from "~/shell/rowKeys";
import { useNow, useZone } from "~/time/now";
import { relative } from "~/time/zone";

const HEADS = ["Changed", "Payout", "Amount", "State", "Why", "Attempt"];

interface StreamTableProps {
  caption: string;
  rows: readonly Change[];
  onOpen: (id: string) => void;
}

export function StreamTable({ caption, rows, onOpen }: StreamTableProps) {
  const [now, zone, merchant] = [useNow(), useZone(), useMerchant()];
  const openAt = (index: number) => rows[index] && onOpen(rows[index].id);
  const { at, setAt } = useRowKeys({ count: rows.length, onOpen: openAt, idAt: (index) => rows[index]?.id });
  const [slots] = useState(() => new Slots());
  const places = slots.of(rows.map((row) => row.id));
  const open = useSteady(onOpen);
  const stand = useSteady((id: string) => setAt(rows.findIndex((row) => row.id === id)));
  return (
    <div className="table-room" tabIndex={0} role="group" aria-label={caption}>
      <table className="table table-live">
        <caption className="hidden">{caption}</caption>
        <thead>
          <tr>
            {HEADS.map((head) => (
              <th key={head} scope="col" className={head === "Amount" ? "right" : undefined}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <Row
              key={places[index]}
              row={row}
              words={relative(Date.parse(row.updated_at), now, zone)}
              merchant={merchant}
              isAt={index === at}
              onOpen={open}
              onAt={stand}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  row: Change;
  words: string;
  merchant: string;
  isAt: boolean;
  onOpen: (id: string) => void;
  onAt: (id: string) => void;
}

const Row = memo(function Row({ row, words, merchant, isAt, onOpen, onAt }: RowProps) {
  const open = (event: MouseEvent) => openPlainly(event, () => onOpen(row.id));
  return (
    <tr {...marked(isAt)} onClick={() => onAt(row.id)} onDoubleClick={() => onOpen(row.id)}>
      <td data-label="Changed">
        <TimeTold at={row.updated_at} ms={Date.parse(row.updated_at)} words={words} />
      </td>
      <td data-label="Payout">
        <a href={`/payments/${row.id}?m=${merchant}`} onClick={open}>
          {row.reference ?? `…${row.id.slice(-8)}`}
        </a>
      </td>
      <td data-label="Amount" className="right">
        <Money amount={row.amount} currency={row.currency} />
      </td>
      <td data-label="State">
        <Status status={row.status} reason={row.reason} />
      </td>
      <td data-label="Why">{row.failure_reason ?? row.failure_code ?? ""}</td>
      <td data-label="Attempt">{row.attempt_count}</td>
    </tr>
  );
});
