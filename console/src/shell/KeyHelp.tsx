// The keys and the reader's settings. Owns the sheet. Must not take keys itself.
import { prefer, usePreferences } from "~/keep/preferences";
import { Dialog } from "~/parts/Dialog";
import { HELP } from "~/shell/keys";
import { PLACES } from "~/shell/places";

export default function KeyHelp({ onClose }: { onClose: () => void }) {
  const { singleKeys, start } = usePreferences();
  return (
    <Dialog title="Keys and settings" open onClose={onClose}>
      <dl className="facts">
        {HELP.map(([key, meaning]) => (
          <Entry key={key} name={key} meaning={meaning} />
        ))}
        {PLACES.map((place) => (
          <Entry key={place.to} name={`g ${place.letter}`} meaning={place.name} />
        ))}
      </dl>
      <label className="check">
        <input type="checkbox" checked={singleKeys} onChange={(event) => prefer({ singleKeys: event.target.checked })} />
        Single keys do something (Ctrl+K always does)
      </label>
      <label className="field">
        Start view
        <select value={start} onChange={(event) => prefer({ start: event.target.value as typeof start })}>
          <option value="overview">Overview</option>
          <option value="finance">Finance: transactions</option>
          <option value="operations">Operations: settlements</option>
          <option value="incidents">Incident response: failures</option>
        </select>
      </label>
    </Dialog>
  );
}

function Entry({ name, meaning }: { name: string; meaning: string }) {
  return (
    <>
      <dt>
        <kbd>{name}</kbd>
      </dt>
      <dd>{meaning}</dd>
    </>
  );
}
