// What ends for good asks why, sends the words, and the audit trail shows them (CON-06, CON-19).
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Audit } from "~/pages/admin/Audit";
import { Keys } from "~/pages/admin/Keys";
import { Users } from "~/pages/admin/Users";

const { read, write } = vi.hoisted(() => ({ read: vi.fn(), write: vi.fn() }));
vi.mock("~/api/typed", () => ({ read, write }));
vi.mock("~/feed/context", () => ({
  useFeed: () => ({ isWhole: false, pulse: { asOf: Date.now(), lag: null } }),
  useConnection: () => ({ kind: "live" }),
}));
vi.mock("~/place/merchant", () => ({ useMerchant: () => "demo" }));
vi.mock("@tanstack/react-router", () => ({
  getRouteApi: () => ({ useSearch: () => ({}), useNavigate: () => vi.fn() }),
}));

const at = "2026-11-22T04:00:00.000Z";
const key = { id: "k1", name: "ERP", shown: "pk_live_abcd", scopes: ["payouts:read"], merchants: ["demo"], live: true };
const user = { id: "u1", email: "ama@example.com", name: "Ama", active: true, grants: [], created_at: at };
const entry = { id: "7", at, actor: "person:p", action: "key.revoked", outcome: "done", subject: "key:k1", merchants: [] };
const answers: Record<string, unknown> = {
  "/api/v1/keys/": { count: 1, results: [{ ...key, created_at: at, expires_at: null, revoked_at: null }] },
  "/api/v1/users/": { count: 1, results: [user] },
  "/api/v1/audit/": { next_cursor: null, results: [{ ...entry, reason: "the laptop was lost" }] },
};

function draw(page: ReactNode) {
  render(<QueryClientProvider client={new QueryClient()}>{page}</QueryClientProvider>);
}

/** The last of this name: before it stand heads of columns, and what opened a dialog. */
async function press(name: string) {
  const found = (await screen.findAllByRole("button", { name })).at(-1);
  if (found) fireEvent.click(found);
}

function fill(label: RegExp, value: string) {
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
}

beforeEach(() => {
  read.mockImplementation((path: string) => Promise.resolve(answers[path]));
  write.mockResolvedValue({ kind: "decided" });
});
afterEach(() => {
  cleanup();
  vi.clearAllMocks();
});

it("revokes a key for a reason, never without one", async () => {
  draw(<Keys />);
  await press("Revoke");
  fill(/^Type/, "ERP");
  await press("Revoke it");
  expect(write).not.toHaveBeenCalled();
  fill(/^Reason/, "the laptop was lost");
  await press("Revoke it");
  const told = { place: { key_id: "k1" }, body: { reason: "the laptop was lost" } };
  await waitFor(() => expect(write).toHaveBeenCalledExactlyOnceWith("delete", "/api/v1/keys/{key_id}/", told));
});

it("closes a person's account for a reason", async () => {
  draw(<Users />);
  await press("Close");
  fill(/^Type/, "ama@example.com");
  fill(/^Reason/, "left the company");
  await press("Close it");
  const told = { place: { user_id: "u1" }, body: { active: false, reason: "left the company" } };
  await waitFor(() => expect(write).toHaveBeenCalledExactlyOnceWith("patch", "/api/v1/users/{user_id}/", told));
});

it("shows the reason in the audit trail", async () => {
  draw(<Audit />);
  expect(await screen.findByText("the laptop was lost")).toBeTruthy();
});
