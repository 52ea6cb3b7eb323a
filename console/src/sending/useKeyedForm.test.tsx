// The answer to a form that was left: what is kept is settled, and nobody is taken to another page (CON-12, CON-13).
import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fromProblem } from "~/api/trouble";
import { outbox } from "~/sending/outbox";
import { useKeyedForm } from "~/sending/useKeyedForm";

const sent = vi.hoisted(() => ({ answer: (_: unknown): void => undefined, refuse: (_: unknown): void => undefined }));
vi.mock("~/api/typed", () => ({
  writtenBy: () => new Promise((answer, refuse) => Object.assign(sent, { answer, refuse })),
}));

const decided = { kind: "decided", body: { id: "1" }, status: 201, replayed: false, etag: null, headers: new Headers() };
const isText = (value: unknown): value is string => typeof value === "string";
const kept = () =>
  JSON.parse(sessionStorage.getItem("payflow.form.pay.demo") ?? "null") as { key: string; state: string } | null;

beforeEach(() => {
  sessionStorage.clear();
  outbox.clear();
});
afterEach(cleanup);

function opened() {
  const told = vi.fn();
  const { result, unmount } = renderHook(() => useKeyedForm("pay.demo", "", isText, told));
  act(() => result.current.change("12.00"));
  const key = kept()?.key;
  act(() => void result.current.send(() => ({ method: "POST", path: "/x" }), "Pay 12.00"));
  return { told, result, unmount, key };
}

it("is told where the form is still there, and the next one has another key", async () => {
  const { told, key } = opened();
  await act(async () => Promise.resolve(sent.answer(decided)));
  expect(told).toHaveBeenCalledTimes(1);
  expect(kept()?.key).not.toBe(key);
});
it("moves nobody who has gone on, and closes what was kept", async () => {
  const { told, unmount } = opened();
  unmount();
  await act(async () => Promise.resolve(sent.answer(decided)));
  expect([told.mock.calls.length, kept()]).toEqual([0, null]);
});
it("that never came is on the list, and kept as unknown for who comes back", async () => {
  const { unmount, key } = opened();
  unmount();
  await act(async () =>
    Promise.resolve(sent.refuse(fromProblem({ code: "service_ending" }, 503, { writes: true, traceId: "t" }))),
  );
  expect([kept()?.key, kept()?.state, outbox.list.get().map((item) => item.key)]).toEqual([key, "unknown", [key]]);
});
it("does not wipe what is typed after the first was given up", async () => {
  const { told, result } = opened();
  await act(async () =>
    Promise.resolve(sent.refuse(fromProblem({ code: "service_ending" }, 503, { writes: true, traceId: "t" }))),
  );
  act(() => result.current.startOver());
  act(() => result.current.change("99.00"));
  const flushed = outbox.flush();
  await act(async () => {
    sent.answer(decided);
    await flushed;
  });
  expect([told.mock.calls.length, result.current.draft, outbox.list.get()]).toEqual([0, "99.00", []]);
});
