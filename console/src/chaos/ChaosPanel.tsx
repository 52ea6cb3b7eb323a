// The chaos panel (CON-18, Ctrl+Shift+D): faults on real requests, and what the provider simulator does. Owns the switches.
// Must not make a fault itself: the gateway does, and tells until when.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { faultsQuery, setFaults, setSimulator, simulatorQuery, type Faults, type Simulator } from "~/chaos/development";
import { count } from "~/money/amount";
import { Dialog } from "~/parts/Dialog";
import { TroubleNotice } from "~/parts/TroubleNotice";
import { useWrite } from "~/pages/admin/useWrite";
import { useNow } from "~/time/now";
import { span } from "~/time/zone";

const SECONDS = 300;

export default function ChaosPanel({ onClose }: { onClose: () => void }) {
  const faults = useQuery({ ...faultsQuery, refetchInterval: 2_000 });
  const simulator = useQuery(simulatorQuery);
  const isAbsent = faults.data === null;
  useEffect(() => {
    if (isAbsent) onClose();
  }, [isAbsent, onClose]);
  if (!faults.data && !faults.error) return null; // in production, or for who may not, there is no panel at all
  return (
    <Dialog title="Chaos" open onClose={onClose} wide>
      {faults.error ? <TroubleNotice error={faults.error} onRetry={() => void faults.refetch()} /> : null}
      {faults.data ? <FaultModes faults={faults.data} /> : null}
      {simulator.data ? <Presets simulator={simulator.data} /> : null}
      {simulator.error ? <TroubleNotice error={simulator.error} onRetry={() => void simulator.refetch()} /> : null}
    </Dialog>
  );
}

function FaultModes({ faults }: { faults: Faults }) {
  const cache = useQueryClient();
  const { run, error } = useWrite(() => undefined);
  const choose = (mode: string) =>
    void run(async () => {
      const told = await setFaults(mode === "none" ? { mode } : { mode, seconds: SECONDS });
      cache.setQueryData(faultsQuery.queryKey, told.body);
    });
  return (
    <fieldset className="plain stack">
      <legend className="strong">Every request to this gateway, and its feed</legend>
      <Standing faults={faults} />
      <div className="modes">
        {faults.modes.map((one) => (
          <label key={one.mode} className="mode">
            <input
              type="radio"
              name="faults"
              value={one.mode}
              checked={faults.mode === one.mode}
              onChange={() => choose(one.mode)}
            />
            <span className="strong">{one.title}</span>
            <span className="faint mode-words">{one.description}</span>
          </label>
        ))}
      </div>
      {error ? <TroubleNotice error={error} /> : null}
    </fieldset>
  );
}

function Standing({ faults }: { faults: Faults }) {
  const now = useNow();
  const left = faults.ends_at ? Math.max(0, Date.parse(faults.ends_at) - now) : 0;
  return (
    <p role="status">
      {faults.mode === "none" ? "All requests pass untouched." : `On; it ends by itself in ${span(left)}.`}{" "}
      <span className="faint">
        {count(faults.touched)} requests met it, {count(faults.spoilt)} were spoilt.
      </span>
    </p>
  );
}

function Presets({ simulator }: { simulator: Simulator }) {
  const cache = useQueryClient();
  const { run, error } = useWrite(() => undefined);
  const choose = (preset: string) =>
    void run(async () => cache.setQueryData(simulatorQuery.queryKey, (await setSimulator({ preset })).body));
  return (
    <fieldset className="plain stack">
      <legend className="strong">The provider simulator, for transfers that come from now on</legend>
      <div className="tabs" role="group" aria-label="Preset">
        {simulator.presets.map((preset) => (
          <button
            key={preset}
            type="button"
            className="tab"
            aria-pressed={simulator.preset === preset}
            onClick={() => choose(preset)}
          >
            {preset}
          </button>
        ))}
      </div>
      <p className="faint">
        {percent(simulator.failure_rate)} fail, {percent(simulator.hang_rate)} hang; an answer takes{" "}
        {simulator.delay_seconds} s.
      </p>
      {error ? <TroubleNotice error={error} /> : null}
    </fieldset>
  );
}

function percent(rate: number): string {
  return `${String(Math.round(rate * 100))} %`;
}
