// The chaos panel switches what the server has, and is not there where the server has nothing (CON-18).
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import ChaosPanel from "~/chaos/ChaosPanel";

const modes = ["none", "everything"].map((mode) => ({ mode, title: mode, description: "what it does" }));
const faults = { mode: "none", since: null, ends_at: null, time: "", touched: 3, spoilt: 0, modes };
const simulator = { preset: "bank", failure_rate: 0.2, hang_rate: 0.1, delay_seconds: 0, presets: ["bank", "storm"] };

function standing(answers: Record<string, [status: number, body: unknown]>) {
  const fetched = vi.fn<typeof fetch>((address, init) => {
    const [status, body] = answers[`${init?.method ?? "GET"} ${String(address)}`] ?? [404, { code: "not_found" }];
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  });
  vi.stubGlobal("fetch", fetched);
  const onClose = vi.fn();
  const cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={cache}>
      <ChaosPanel onClose={onClose} />
    </QueryClientProvider>,
  );
  return { fetched, onClose };
}

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("switches a mode on, and says what the server made of it", async () => {
  const { fetched } = standing({
    "GET /api/v1/dev/faults/": [200, faults],
    "GET /api/v1/dev/simulator/": [200, simulator],
    "PUT /api/v1/dev/faults/": [
      200,
      { ...faults, mode: "everything", ends_at: new Date(Date.now() + 60_000).toISOString() },
    ],
  });
  await screen.findByText("All requests pass untouched.");
  await screen.findByText(/20 % fail, 10 % hang/);
  fireEvent.click(screen.getByRole("radio", { name: /everything/ }));
  await waitFor(() => expect(fetched.mock.calls.some(([, init]) => init?.method === "PUT")).toBe(true));
  const put = fetched.mock.calls.find(([, init]) => init?.method === "PUT");
  expect(put?.[1]?.body).toBe(JSON.stringify({ mode: "everything", seconds: 300 }));
  await screen.findByText(/On; it ends by itself/);
});

it("is not there in production", async () => {
  const { onClose } = standing({});
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(screen.queryByRole("dialog")).toBeNull();
});
