// The way between pages. Owns the groups' order. Must not know rights beyond what it is told: a page that is refused says why itself.
import { Link } from "@tanstack/react-router";
import { useIdentity, whyNot } from "~/api/identity";
import { useMerchant } from "~/place/merchant";
import { PLACES, type Place } from "~/shell/places";

const GROUPS: Place["group"][] = ["Work", "Money", "Desks", "Administration"];

export function Navigation() {
  const identity = useIdentity();
  const merchant = useMerchant();
  const open = PLACES.filter((place) => !place.needs || whyNot(identity, place.needs, merchant) === null);
  return (
    <nav className="side" aria-label="Pages">
      {GROUPS.map((group) => {
        const places = open.filter((place) => place.group === group);
        return places.length === 0 ? null : (
          <div key={group} className="side-group">
            <h2 className="side-title">{group}</h2>
            {places.map((place) => (
              <Link
                key={place.to}
                to={place.to}
                className="side-link"
                activeOptions={{ exact: place.to === "/", includeSearch: false }}
              >
                {place.name}
              </Link>
            ))}
          </div>
        );
      })}
    </nav>
  );
}
