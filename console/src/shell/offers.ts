// What the palette offers for what was typed. Owns the matching. Must not draw or navigate.
import { addressOf } from "~/api/request";
import { PLACES } from "~/shell/places";
import type { View } from "~/place/views";

export interface Offer {
  name: string;
  kind: string;
  href: string;
}

interface Known {
  merchants: { id: string; name: string }[];
  views: View[];
  merchant: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function offers(typed: string, known: Known): Offer[] {
  const words = typed.trim().toLowerCase();
  const fits = (text: string) => words.split(/\s+/).every((word) => text.toLowerCase().includes(word));
  const m = known.merchant;
  const things = UUID.test(words)
    ? [{ name: `Open ${words}`, kind: "batch or payout", href: addressOf(`/payouts/${words}`, { m }) }]
    : [];
  const reference =
    words && !things.length
      ? [{ name: `Reference ${typed.trim()}`, kind: "payouts", href: ofReference(typed.trim(), m) }]
      : [];
  const pages = PLACES.map((place) => ({ name: place.name, kind: "page", href: addressOf(place.to, { m }) }));
  const views = known.views.map((view) => ({ name: view.name, kind: "saved view", href: view.href }));
  const merchants = known.merchants.map((one) => ({
    name: one.name,
    kind: `merchant ${one.id}`,
    href: addressOf("/", { m: one.id }),
  }));
  const matching = [...pages, ...views, ...merchants].filter((offer) => fits(`${offer.name} ${offer.kind}`));
  return [...things, ...matching, ...reference].slice(0, 30);
}

function ofReference(reference: string, m: string): string {
  return addressOf("/payouts", { m, view: "payouts", reference });
}
