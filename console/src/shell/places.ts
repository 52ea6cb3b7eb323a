// The pages: address, name, letter behind `g`, group. The navigation, the palette, the keys and the help read this one list.
// Owns the list. A page stands here only if its backend exists.

export interface Place {
  to: string;
  name: string;
  letter: string;
  group: "Work" | "Money" | "Desks" | "Administration";
  needs?: "admin" | "develop";
}

export const PLACES: Place[] = [
  { to: "/", name: "Overview", letter: "o", group: "Work" },
  { to: "/transactions", name: "Transactions, live", letter: "t", group: "Work" },
  { to: "/payouts", name: "Payouts", letter: "p", group: "Work" },
  { to: "/submit", name: "Submit a batch", letter: "s", group: "Work" },
  { to: "/payments", name: "Payments", letter: "y", group: "Work" },
  { to: "/merchant", name: "Merchant", letter: "m", group: "Money" },
  { to: "/insights", name: "Insights", letter: "i", group: "Money" },
  { to: "/dead-letters", name: "Dead letters", letter: "d", group: "Desks", needs: "admin" },
  { to: "/webhooks", name: "Webhooks", letter: "w", group: "Administration", needs: "develop" },
  { to: "/keys", name: "API keys", letter: "k", group: "Administration", needs: "develop" },
  { to: "/users", name: "Users", letter: "u", group: "Administration", needs: "admin" },
  { to: "/audit", name: "Audit trail", letter: "a", group: "Administration", needs: "admin" },
];
