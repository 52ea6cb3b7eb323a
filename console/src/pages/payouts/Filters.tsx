// Filters of a list of payouts; each lives in the address (CON-21). Owns the fields. Must not check values: the server names what it refuses.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useId, type FormEvent } from "react";
import { FILTERS, type FilterSearch } from "~/place/filters";
import { statusWord } from "~/parts/status";

const STATES = ["pending", "processing", "requires_action", "completed", "failed", "canceled", "rejected", "returned"];
const WORDS: Partial<Record<(typeof FILTERS)[number], string>> = {
  currency: "Currency",
  reference: "Reference",
  provider: "Provider",
  min_amount: "From amount",
  max_amount: "To amount",
  created_after: "Created after (UTC)",
  created_before: "Created before (UTC)",
};

export function Filters() {
  const search: FilterSearch = useSearch({ strict: false });
  const navigate = useNavigate();
  const id = useId();
  const put = (change: FilterSearch) =>
    void navigate({
      to: ".",
      search: (old: Record<string, unknown>) => ({ ...old, ...change }),
      replace: true,
      resetScroll: false,
    });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget);
    put(
      Object.fromEntries(FILTERS.map((name) => [name, String(typed.get(name) ?? "").trim() || undefined])) as FilterSearch,
    );
  };
  const given = FILTERS.filter((name) => search[name]);
  return (
    <form className="filters" onSubmit={submit} key={JSON.stringify(given.map((name) => search[name]))} aria-label="Filters">
      <label className="field" htmlFor={`${id}-status`}>
        State
        <select id={`${id}-status`} name="status" defaultValue={search.status ?? ""}>
          <option value="">Any</option>
          {search.status && !STATES.includes(search.status) ? <option value={search.status}>{search.status}</option> : null}
          {STATES.map((state) => (
            <option key={state} value={state}>
              {statusWord(state)[0]}
            </option>
          ))}
        </select>
      </label>
      {Object.entries(WORDS).map(([name, word]) => (
        <label key={name} className="field" htmlFor={`${id}-${name}`}>
          {word}
          <input id={`${id}-${name}`} name={name} defaultValue={search[name as keyof FilterSearch] ?? ""} size={11} />
        </label>
      ))}
      <button className="button">Filter</button>
      {given.length ? (
        <button
          type="button"
          className="button quiet"
          onClick={() => put(Object.fromEntries(FILTERS.map((name) => [name, undefined])) as FilterSearch)}
        >
          Clear {given.length}
        </button>
      ) : null}
    </form>
  );
}
