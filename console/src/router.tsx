// The addresses of the console, each page loaded when it is first opened. Owns the tree and which part of the state each address holds.
// Must not draw.
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from "@tanstack/react-router";
import type { QueryClient } from "@tanstack/react-query";
import { isMerchantId } from "~/place/merchant";
import { filtersOf } from "~/place/filters";
import { given, oneOf, parseSearch, text, writeSearch, type Search } from "~/place/search";
import { Root } from "~/shell/Root";
import { Missing } from "~/shell/Missing";

const root = createRootRouteWithContext<{ cache: QueryClient }>()({
  validateSearch: (search: Search): { m?: string } => given({ m: isMerchantId(search["m"]) ? search["m"] : undefined }),
  search: { middlewares: [retainSearchParams(["m"])] },
  component: Root,
  notFoundComponent: Missing,
});

const overview = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("~/pages/overview/Overview"), "Overview"),
});
const transactions = createRoute({
  getParentRoute: () => root,
  path: "/transactions",
  validateSearch: (search: Search) =>
    given({ only: oneOf(search, "only", ["failures", "unknown"] as const), live: oneOf(search, "live", ["off"] as const) }),
  component: lazyRouteComponent(() => import("~/pages/transactions/Transactions"), "Transactions"),
});
const payouts = createRoute({
  getParentRoute: () => root,
  path: "/payouts",
  validateSearch: (search: Search) => ({
    ...filtersOf(search),
    ...given({
      view: oneOf(search, "view", ["batches", "payouts"] as const),
      attention: oneOf(search, "attention", ["needed"] as const),
      sort: text(search, "sort"),
      sel: text(search, "sel"),
    }),
  }),
  component: lazyRouteComponent(() => import("~/pages/payouts/Payouts"), "Payouts"),
});
const payout = createRoute({
  getParentRoute: () => root,
  path: "/payouts/$id",
  validateSearch: (search: Search) => ({ ...filtersOf(search), ...given({ sel: text(search, "sel") }) }),
  component: lazyRouteComponent(() => import("~/pages/payouts/PayoutOrBatch"), "PayoutOrBatch"),
});
const submit = createRoute({
  getParentRoute: () => root,
  path: "/submit",
  validateSearch: (search: Search) => given({ upload: text(search, "upload") }),
  component: lazyRouteComponent(() => import("~/pages/submit/Submit"), "Submit"),
});
const payments = createRoute({
  getParentRoute: () => root,
  path: "/payments",
  validateSearch: (search: Search) => given({ draft: text(search, "draft") }),
  component: lazyRouteComponent(() => import("~/pages/payments/Payments"), "Payments"),
});
const payment = createRoute({
  getParentRoute: () => root,
  path: "/payments/$id",
  component: lazyRouteComponent(() => import("~/pages/payments/Payment"), "Payment"),
});
const merchant = createRoute({
  getParentRoute: () => root,
  path: "/merchant",
  validateSearch: (search: Search) => given({ tab: oneOf(search, "tab", ["history", "ledger"] as const) }),
  component: lazyRouteComponent(() => import("~/pages/merchant/MerchantView"), "MerchantView"),
});
const insights = createRoute({
  getParentRoute: () => root,
  path: "/insights",
  validateSearch: (search: Search) =>
    given({
      step: oneOf(search, "step", ["hour", "day"] as const),
      provider: text(search, "provider"),
      currency: text(search, "currency"),
    }),
  component: lazyRouteComponent(() => import("~/pages/insights/Insights"), "Insights"),
});
const deadLetters = createRoute({
  getParentRoute: () => root,
  path: "/dead-letters",
  validateSearch: (search: Search) =>
    given({ state: oneOf(search, "state", ["all"] as const), letter: text(search, "letter") }),
  component: lazyRouteComponent(() => import("~/pages/admin/DeadLetters"), "DeadLetters"),
});
const webhooks = createRoute({
  getParentRoute: () => root,
  path: "/webhooks",
  validateSearch: (search: Search) =>
    given({ webhook: text(search, "webhook"), status: text(search, "status"), delivery: text(search, "delivery") }),
  component: lazyRouteComponent(() => import("~/pages/admin/Webhooks"), "Webhooks"),
});
const keys = createRoute({
  getParentRoute: () => root,
  path: "/keys",
  validateSearch: (search: Search) => given({ sort: text(search, "sort") }),
  component: lazyRouteComponent(() => import("~/pages/admin/Keys"), "Keys"),
});
const users = createRoute({
  getParentRoute: () => root,
  path: "/users",
  validateSearch: (search: Search) => given({ sort: text(search, "sort") }),
  component: lazyRouteComponent(() => import("~/pages/admin/Users"), "Users"),
});
const audit = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  component: lazyRouteComponent(() => import("~/pages/admin/Audit"), "Audit"),
});

export function newRouter(cache: QueryClient) {
  return createRouter({
    routeTree: root.addChildren([
      overview,
      transactions,
      payouts,
      payout,
      submit,
      payments,
      payment,
      merchant,
      insights,
      deadLetters,
      webhooks,
      keys,
      users,
      audit,
    ]),
    context: { cache },
    parseSearch,
    stringifySearch: writeSearch,
    defaultPreload: "intent",
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
