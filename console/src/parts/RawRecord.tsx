// One record of the log as it stands there (CON-25). Owns reading and showing it. Must not interpret it.
import { useQuery } from "@tanstack/react-query";
import { recordQuery } from "~/api/reads";
import { Loading } from "~/parts/Panel";
import { Moment } from "~/parts/Moment";
import { TroubleNotice } from "~/parts/TroubleNotice";
import { useMerchant } from "~/place/merchant";

export function RawRecord({
  topic,
  partition,
  offset,
}: {
  topic: "payouts.events" | "payouts.commands";
  partition: number;
  offset: number;
}) {
  const record = useQuery(recordQuery(useMerchant(), { topic, partition, offset }));
  if (record.error) return <TroubleNotice error={record.error} onRetry={() => void record.refetch()} />;
  if (!record.data) return <Loading />;
  const { time, key, headers, bytes, value } = record.data;
  return (
    <>
      <p className="faint">
        Written <Moment at={time} exact />, key {key ?? "none"}, {bytes} bytes
        {headers.map((header) => `; ${header.name}: ${header.value}`)}. Payees are masked unless they are yours to see.
      </p>
      <pre className="figures record" tabIndex={0}>
        {JSON.stringify(value, null, 2)}
      </pre>
    </>
  );
}
