// The header: whose money, which clock, how the line stands, which theme (CON-04, CON-12, CON-24). Owns these switches. Must not know pages.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { merchantsQuery } from "~/api/reads";
import { prefer, usePreferences, type Preferences } from "~/keep/preferences";
import { useMerchant } from "~/place/merchant";
import { ConnectionState } from "~/shell/ConnectionState";
import { SignedIn } from "~/shell/SignedIn";
import { applyTheme } from "~/shell/theme";
import { useNow, useZone } from "~/time/now";
import { clock, isZone, type ZoneChoice } from "~/time/zone";

export function Header({ onSearch, onHelp }: { onSearch: () => void; onHelp: () => void }) {
  return (
    <header className="top">
      <Link to="/" className="brand">
        Payflow
      </Link>
      <MerchantSwitch />
      <button type="button" className="button search" onClick={onSearch}>
        <span>
          Search<span className="on-wide"> or command</span>
        </span>
        <kbd className="on-wide">/</kbd>
      </button>
      <span className="grow top-break" />
      <ConnectionState announces />
      <Clock />
      <ThemeSwitch />
      <SignedIn />
      <button type="button" className="button quiet help" onClick={onHelp} aria-label="Keys and settings">
        ?
      </button>
    </header>
  );
}

function MerchantSwitch() {
  const merchant = useMerchant();
  const navigate = useNavigate();
  const merchants = useQuery(merchantsQuery).data?.results ?? [];
  const change = (next: string) => void navigate({ to: "/", search: { m: next } });
  const known = merchants.some((one) => one.id === merchant);
  return (
    <label className="inline-field whose">
      <span className="faint on-wide" aria-hidden="true">
        Merchant
      </span>
      <select aria-label="Merchant" value={merchant} onChange={(event) => change(event.target.value)}>
        {known ? null : <option value={merchant}>{merchant}</option>}
        {merchants.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Clock() {
  const now = useNow();
  const zone = useZone();
  const { zone: choice, merchantZones } = usePreferences();
  const merchant = useMerchant();
  const choose = (next: ZoneChoice) => {
    if (next === "merchant" && !merchantZones[merchant]) nameZone(merchant, merchantZones);
    prefer({ zone: next });
  };
  return (
    <label className="inline-field">
      <span className="figures" aria-hidden="true">
        {clock(now, zone)}
      </span>
      <span className="hidden">Times are shown in</span>
      <select value={choice} onChange={(event) => choose(event.target.value as ZoneChoice)} title={zone}>
        <option value="utc">UTC</option>
        <option value="local">Local ({Intl.DateTimeFormat().resolvedOptions().timeZone})</option>
        <option value="merchant">Merchant ({merchantZones[merchant] ?? "not named"})</option>
      </select>
    </label>
  );
}

/** The API has no zone of a merchant yet: the reader names it once, and it is kept in this browser. */
function nameZone(merchant: string, known: Record<string, string>): void {
  const name = prompt(`Time zone of ${merchant}, such as Africa/Nairobi`, "UTC");
  if (name && isZone(name)) prefer({ merchantZones: { ...known, [merchant]: name } });
}

function ThemeSwitch() {
  const { theme } = usePreferences();
  const choose = (next: Preferences["theme"]) => {
    prefer({ theme: next });
    applyTheme();
  };
  return (
    <label className="inline-field">
      <span className="hidden">Theme</span>
      <select value={theme} onChange={(event) => choose(event.target.value as Preferences["theme"])}>
        <option value="system">System theme</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}
