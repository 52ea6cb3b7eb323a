// The entry: cache, router, styles. Owns nothing else.
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { newCache } from "~/api/cache";
import { identityQuery } from "~/api/identity";
import { whenSignedOut } from "~/api/request";
import { newRouter } from "~/router";
import { onKeyDown } from "~/shell/keys";
import { applyTheme } from "~/shell/theme";
import "~/design/tokens.css";
import "~/design/base.css";
import "~/design/shell.css";
import "~/design/parts.css";

const cache = newCache();
const router = newRouter(cache);
const room = document.getElementById("root");

whenSignedOut(() => void cache.invalidateQueries({ queryKey: identityQuery.queryKey }));
applyTheme();
document.addEventListener("keydown", onKeyDown);
if (room) {
  createRoot(room).render(
    <StrictMode>
      <QueryClientProvider client={cache}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
