// Keys of forms and the list of unanswered requests (CON-13, CON-17).
import { beforeEach, describe, expect, it, vi } from "vitest";
import { fromProblem, Trouble, unanswered } from "~/api/trouble";
import { afterTrouble, FormKey } from "~/sending/keyed";
import { Outbox } from "~/sending/outbox";

interface Draft {
  amount: string;
}
const isDraft = (value: unknown): value is Draft => typeof (value as Draft | null)?.amount === "string";
const about = { writes: true, traceId: "t" };

beforeEach(() => sessionStorage.clear());

describe("a form's key", () => {
  it("is made when the form opens and kept through a reload, with what was typed", () => {
    const form = new FormKey("pay.demo", isDraft);
    const first = form.open({ amount: "" });
    form.hold({ ...first, draft: { amount: "12.00" } });
    expect(new FormKey("pay.demo", isDraft).open({ amount: "" })).toEqual({
      key: first.key,
      draft: { amount: "12.00" },
      state: "open",
    });
  });
  it("is another one for another merchant, and after the answer", () => {
    const form = new FormKey("pay.demo", isDraft);
    const first = form.open({ amount: "" });
    expect(new FormKey("pay.other", isDraft).open({ amount: "" }).key).not.toBe(first.key);
    form.close();
    expect(form.open({ amount: "" }).key).not.toBe(first.key);
  });
  it("is not taken from what an older page kept in another form", () => {
    sessionStorage.setItem("payflow.form.pay.demo", '{"key":"k","draft":{"sum":1},"state":"open"}');
    expect(new FormKey("pay.demo", isDraft).open({ amount: "1" }).draft).toEqual({ amount: "1" });
  });
});

describe("after a trouble", () => {
  it.each([
    [unanswered("timeout", { ...about, seconds: 10 }), "repeat_as_it_was"],
    [fromProblem({ code: "service_ending" }, 503, about), "repeat_as_it_was"],
    [fromProblem({ code: "idempotency_in_flight" }, 409, about), "repeat_as_it_was"],
    [fromProblem({ code: "validation_error" }, 400, about), "mend_and_send"],
    [fromProblem({ code: "backlog_full" }, 429, about), "mend_and_send"],
    [fromProblem({ code: "log_unavailable" }, 503, about), "mend_and_send"],
    [fromProblem({ code: "insufficient_funds" }, 402, about), "new_key"],
    [fromProblem({ code: "duplicate_reference" }, 409, about), "new_key"],
  ])("%s: %s", (trouble, outcome) => {
    expect(afterTrouble(trouble)).toBe(outcome);
  });
  it("a time-out of a write is unknown, never failed", () => {
    expect(unanswered("timeout", { ...about, seconds: 10 }).effect).toMatch(/^Unknown/);
    expect(unanswered("timeout", { writes: false, traceId: "t", seconds: 10 }).effect).toBe("None: this only reads.");
  });
});

describe("the outbox", () => {
  const item = { key: "k1", words: "Pay 5.00 USD", asked: { method: "POST" as const, path: "/api/v1/payouts/" }, sentAt: 1 };
  const decided = { kind: "decided" as const, body: {}, status: 201, replayed: true, etag: null, headers: new Headers() };

  it("keeps a request once, through a reload", () => {
    const box = new Outbox(vi.fn());
    box.add(item);
    box.add(item);
    expect(new Outbox(vi.fn()).list.get().map(({ key }) => key)).toEqual(["k1"]);
  });
  it("sends it again with its own key, and tells the answer", async () => {
    const send = vi.fn().mockResolvedValue(decided);
    const told = vi.fn();
    const box = new Outbox(send);
    box.add(item, told);
    await box.flush();
    expect(send).toHaveBeenCalledExactlyOnceWith({ ...item.asked, key: "k1" });
    expect(told).toHaveBeenCalledExactlyOnceWith(decided);
    expect(box.list.get()).toEqual([]);
  });
  it("keeps what is still unknown, and drops what is refused for good", async () => {
    const send = vi.fn().mockRejectedValueOnce(unanswered("offline", { ...about, seconds: 10 }));
    const box = new Outbox(send);
    box.add(item);
    await box.flush();
    expect(box.list.get()).toMatchObject([{ key: "k1", state: "waiting" }]);
    const told = vi.fn();
    box.add(item, told);
    send.mockRejectedValueOnce(fromProblem({ code: "insufficient_funds" }, 402, about));
    await box.flush();
    expect(told.mock.calls[0]?.[0]).toBeInstanceOf(Trouble);
    expect(box.list.get()).toEqual([]);
  });
  it("can be cleared: then nothing is sent", async () => {
    const send = vi.fn();
    const box = new Outbox(send);
    box.add(item);
    box.clear();
    await box.flush();
    expect(send).not.toHaveBeenCalled();
  });
  it("sends nothing that was taken off the list while another one was asked for", async () => {
    const box: Outbox = new Outbox(
      vi.fn().mockImplementation(() => {
        box.remove("k2");
        return Promise.resolve(decided);
      }),
    );
    box.add(item);
    box.add({ ...item, key: "k2" });
    await box.flush();
    expect((box as unknown as { send: ReturnType<typeof vi.fn> }).send).toHaveBeenCalledTimes(1);
  });
});
