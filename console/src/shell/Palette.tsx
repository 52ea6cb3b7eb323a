// The command palette and search (CON-22): pages, merchants, saved views, and any pasted id. Owns what is offered. Must not fetch rows:
// an id is opened, and its page says if there is no such thing.
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useState, type KeyboardEvent } from "react";
import { merchantsQuery } from "~/api/reads";
import { useMerchant } from "~/place/merchant";
import { useViews } from "~/place/views";
import { Dialog } from "~/parts/Dialog";
import { offers, type Offer } from "~/shell/offers";

export default function Palette({ onClose }: { onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const navigate = useNavigate();
  const id = useId();
  const merchants = useQuery(merchantsQuery).data?.results ?? [];
  const found = offers(typed, { merchants, views: useViews(), merchant: useMerchant() });
  const chosen = Math.min(at, found.length - 1);
  const take = (offer: Offer | undefined) => {
    if (!offer) return;
    onClose();
    void navigate({ href: offer.href });
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((chosen + step + found.length) % Math.max(1, found.length));
    else if (event.key === "Enter") take(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Search or command" open onClose={onClose}>
      <input
        className="palette-input"
        role="combobox"
        aria-label="Search or command"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={found.length ? `${id}-${String(chosen)}` : undefined}
        placeholder="A page, a merchant, an id, a reference"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKey}
        autoFocus
      />
      <ul id={`${id}-list`} role="listbox" aria-label="What was found" className="palette-list">
        {found.map((offer, index) => (
          <li
            key={offer.href + offer.name}
            id={`${id}-${String(index)}`}
            role="option"
            aria-selected={index === chosen}
            className="palette-option"
            onClick={() => take(offer)}
          >
            {offer.name} <span className="faint">{offer.kind}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
