// Files with payees unmasked: who sees them masked elsewhere says why first (SEC-07); on this machine in open mode nobody is asked.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { FileButton } from "~/parts/FileButton";

function shown(kind: "open" | "person") {
  const fetched = vi.fn<typeof fetch>(() => Promise.resolve(new Response("a;b", { status: 200 })));
  vi.stubGlobal("fetch", fetched);
  URL.createObjectURL = () => "blob:x";
  const cache = new QueryClient();
  cache.setQueryData(["identity"], { kind, id: "x", name: "Ama", grants: [] });
  cache.setQueryDefaults(["identity"], { staleTime: Infinity });
  render(
    <QueryClientProvider client={cache}>
      <FileButton path="/api/v1/batches/b/result/" wanted={{ merchant: "demo" }}>
        Download
      </FileButton>
    </QueryClientProvider>,
  );
  return () => fetched.mock.calls.filter(([address]) => String(address).includes("/result/"));
}

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("asks a person why, and sends it", async () => {
  const asked = shown("person");
  fireEvent.click(screen.getByRole("button", { name: "Download" }));
  expect(asked()).toEqual([]);
  fireEvent.change(await screen.findByLabelText(/Reason/), { target: { value: "the bank asks" } });
  fireEvent.submit(screen.getByRole("button", { name: "Fetch it" }).closest("form")!);
  await waitFor(() => expect(asked()).toHaveLength(1));
  expect(new Headers(asked()[0]?.[1]?.headers).get("Payflow-Reason")).toBe("the bank asks");
});

it("asks nobody in open mode", async () => {
  const asked = shown("open");
  fireEvent.click(screen.getByRole("button", { name: "Download" }));
  await waitFor(() => expect(asked()).toHaveLength(1));
  expect(new Headers(asked()[0]?.[1]?.headers).has("Payflow-Reason")).toBe(false);
});
