// Header, navigation, banners and the page. Owns the landmarks, the keys that go from page to page and the one announcement of live changes.
// Must not fetch what pages show.
import { Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Boundary, Loading } from "~/parts/Panel";
import { Announcer } from "~/shell/Announcer";
import { Header } from "~/shell/Header";
import { useKey } from "~/shell/keys";
import { Navigation } from "~/shell/Navigation";
import { OfflineBanner } from "~/shell/OfflineBanner";
import { PLACES } from "~/shell/places";

const Palette = lazy(() => import("~/shell/Palette"));
const ChaosPanel = lazy(() => import("~/chaos/ChaosPanel"));
const KeyHelp = lazy(() => import("~/shell/KeyHelp"));

export function Shell() {
  const [open, setOpen] = useState<"palette" | "help" | "chaos" | null>(null);
  useKey("mod+k", () => setOpen("palette"));
  useKey("/", () => setOpen("palette"));
  useKey("?", () => setOpen("help"));
  useKey("mod+shift+d", () => setOpen("chaos"));
  const main = useFocusOnPage();
  return (
    <div className="shell">
      <a className="skip" href="#page">
        Skip to the page
      </a>
      <Header onSearch={() => setOpen("palette")} onHelp={() => setOpen("help")} />
      <Navigation />
      <main id="page" ref={main} tabIndex={-1}>
        <OfflineBanner />
        <Boundary>
          <Suspense fallback={<Loading lines={6} />}>
            <Outlet />
          </Suspense>
        </Boundary>
      </main>
      <Announcer />
      {PLACES.map((place) => (
        <Going key={place.to} letter={place.letter} to={place.to} />
      ))}
      <Suspense fallback={null}>
        {open === "palette" ? <Palette onClose={() => setOpen(null)} /> : null}
        {open === "chaos" ? <ChaosPanel onClose={() => setOpen(null)} /> : null}
        {open === "help" ? <KeyHelp onClose={() => setOpen(null)} /> : null}
      </Suspense>
    </div>
  );
}

function Going({ letter, to }: { letter: string; to: string }) {
  const navigate = useNavigate();
  useKey(`g ${letter}`, () => void navigate({ to }));
  return null;
}

/** After going to another page the focus stands at its beginning; the first page leaves it alone. */
function useFocusOnPage() {
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const first = useRef(path);
  useEffect(() => {
    if (first.current === path) return;
    first.current = "";
    main.current?.focus({ preventScroll: true });
  }, [path]);
  return main;
}
