// Light, dark, or as the system is (CON-24). Owns the attribute that the tokens look at. Must not know colours.
import { preferences } from "~/keep/preferences";

const dark = matchMedia("(prefers-color-scheme: dark)");

export function applyTheme(): void {
  const { theme } = preferences();
  document.documentElement.dataset["theme"] = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
}

dark.addEventListener("change", applyTheme);
