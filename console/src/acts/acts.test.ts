// Acts on rows: legal ones only, each asked for once, unknown ones never called done or failed (CON-06, CON-14).
import { beforeEach, describe, expect, it, vi } from "vitest";
import { whyNotAll, whyNotDo } from "~/acts/allowed";
import { keyOfAct } from "~/acts/keys";
import { Run, tally, type Act } from "~/acts/run";
import { fromProblem, unanswered } from "~/api/trouble";
import { Outbox } from "~/sending/outbox";

beforeEach(() => sessionStorage.clear());

describe("what may be done", () => {
  const told = (allowed: boolean, reason: string | null = null) => ({
    data: { actions: [{ action: "cancel", method: "POST", href: "/x/", allowed, code: null, reason, destructive: true }] },
    error: null,
  });
  const words = "A payout cannot go from completed to canceled; legal moves from completed: returned.";

  it("is said in the server's words before it is pressed", () => {
    expect(whyNotDo("cancel", told(true))).toBeNull();
    expect(whyNotDo("cancel", told(false, words))).toBe(words);
  });
  it("is nothing while it is not known, or not offered", () => {
    expect(whyNotDo("cancel", { data: undefined, error: null })).toContain("Asking");
    expect(whyNotDo("cancel", { data: undefined, error: new Error("away") })).toContain("could not be read");
    expect(whyNotDo("seal", told(true))).toContain("no such act");
  });
  it("is said of many by the first that cannot", () => {
    expect(whyNotAll("cancel", [told(true), told(true)])).toBeNull();
    expect(whyNotAll("cancel", [told(true), told(false, words)])).toBe(`1 of them cannot: ${words}`);
  });
});

describe("the key of an act", () => {
  it("stays for the same request and is another for another reason", () => {
    expect(keyOfAct("drop", "b", "wrong file")).toBe(keyOfAct("drop", "b", "wrong file"));
    expect(keyOfAct("drop", "b", "wrong file")).not.toBe(keyOfAct("drop", "b", "wrong month"));
  });
});

describe("the key of an act that was answered", () => {
  it.each([409, 503])("is given up with its answer alone: %i", async (status) => {
    const key = keyOfAct("seal", "b", String(status));
    const code = status === 409 ? "invalid_state_transition" : "service_ending";
    const send = vi.fn().mockRejectedValue(fromProblem({ code }, status, { writes: true, traceId: "t" }));
    const asked = { method: "POST" as const, path: "/x", key };
    await new Run(send, new Outbox(vi.fn())).start([{ id: "seal", words: "Seal", asked }]);
    expect(keyOfAct("seal", "b", String(status)) === key).toBe(status === 503);
  });
});

describe("a run over rows", () => {
  const act = (id: string): Act => ({ id, words: id, asked: { method: "POST", path: `/x/${id}`, key: `key-${id}` } });
  const decided = {
    kind: "decided" as const,
    body: undefined,
    status: 204,
    replayed: false,
    etag: null,
    headers: new Headers(),
  };

  it("asks once for each and tells each its own answer", async () => {
    const about = { writes: true, traceId: "t" };
    const send = vi
      .fn()
      .mockResolvedValueOnce(decided)
      .mockRejectedValueOnce(fromProblem({ code: "invalid_state_transition" }, 409, about))
      .mockRejectedValueOnce(unanswered("timeout", { ...about, seconds: 10 }))
      .mockResolvedValueOnce({ kind: "undecided", detail: "", id: null, location: null });
    const box = new Outbox(vi.fn().mockResolvedValue(decided));
    const run = new Run(send, box);
    await run.start([act("a"), act("b"), act("c"), act("d")]);
    expect(send).toHaveBeenCalledTimes(4);
    expect(tally(run.standings.get())).toEqual({ requested: 0, decided: 1, refused: 1, unknown: 2 });
    expect(box.list.get().map((item) => item.key)).toEqual(["key-c", "key-d"]);
    await box.flush();
    expect(tally(run.standings.get())).toEqual({ requested: 0, decided: 3, refused: 1, unknown: 0 });
  });
});
