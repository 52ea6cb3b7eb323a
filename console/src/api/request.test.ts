// Requests: what goes with them, and what no answer means (CON-14, CON-16, CON-25).
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { passed, positionFor } from "~/api/position";
import { addressOf, send } from "~/api/request";
import { troubleOf } from "~/api/trouble";
import { read, writtenBy } from "~/api/typed";

const fetched = vi.fn<typeof fetch>();
const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  Promise.resolve(new Response(body === undefined ? null : JSON.stringify(body), { status, headers }));
const sent = () => new Headers(fetched.mock.calls.at(-1)?.[1]?.headers);

beforeEach(() => vi.stubGlobal("fetch", fetched.mockReset()));
afterEach(() => vi.unstubAllGlobals());

describe("a request", () => {
  it("carries merchant, key and a trace id of its own", async () => {
    fetched.mockReturnValue(json({ id: "x" }, 201));
    await send({ method: "POST", path: "/api/v1/payouts/", merchant: "demo", key: "k1", body: { amount: "1.00" } });
    expect([sent().get("X-Merchant-Id"), sent().get("Idempotency-Key")]).toEqual(["demo", "k1"]);
    expect(sent().get("traceparent")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });
  it("keeps an empty cursor, and leaves out what is not given", () => {
    expect(addressOf("/x", { cursor: "", limit: 5, status: undefined })).toBe("/x?cursor=&limit=5");
  });
  it("reads its own writes until the views have passed them", async () => {
    fetched.mockReturnValue(json({}, 201, { "Payflow-Position": "3:26" }));
    await send({ method: "POST", path: "/p", merchant: "ryw" });
    fetched.mockReturnValue(json({}, 200, { "Payflow-Behind": "4" }));
    await send({ path: "/p", merchant: "ryw" });
    expect([sent().get("Payflow-Position"), positionFor("ryw")]).toEqual(["3:26", "3:26"]);
    fetched.mockReturnValue(json({}));
    await send({ path: "/p", merchant: "ryw" });
    expect(positionFor("ryw")).toBeUndefined();
    passed("ryw", "3:26");
  });
});

describe("an answer", () => {
  it("that is a problem keeps cause, code, trace id, remedy's code and what else it says", async () => {
    const problem = { code: "duplicate_file", title: "Taken", detail: "Was taken before.", trace_id: "t1", upload_id: "u1" };
    fetched.mockReturnValue(json(problem, 409));
    const trouble = await send({ method: "POST", path: "/p" }).catch(troubleOf);
    expect(trouble).toMatchObject({
      parts: { code: "duplicate_file", cause: "Was taken before.", traceId: "t1", more: { upload_id: "u1" } },
    });
  });
  it("that never comes is unknown for a write and harmless for a read", async () => {
    fetched.mockRejectedValue(new TypeError("network"));
    expect(troubleOf(await send({ method: "POST", path: "/p" }).catch((e: unknown) => e)).effect).toMatch(/^Unknown/);
    expect(troubleOf(await send({ path: "/p" }).catch((e: unknown) => e)).effect).toMatch(/^None/);
  });
  it("that is late ends at its time-out", async () => {
    fetched.mockImplementation(
      (_, init) => new Promise((_, refuse) => init?.signal?.addEventListener("abort", () => refuse(new Error("aborted")))),
    );
    const trouble = troubleOf(await send({ method: "POST", path: "/p", patienceMs: 20 }).catch((e: unknown) => e));
    expect([trouble.parts.code, trouble.parts.certainty]).toEqual(["timeout", "unknown"]);
  });
  it("of 202 is neither success nor failure", async () => {
    fetched.mockReturnValue(json({ pending: true, detail: "on its way", id: "x", location: "/x" }, 202));
    expect((await writtenBy({ method: "POST", path: "/p" })).kind).toBe("undecided");
    fetched.mockReturnValue(json({ id: "x", status: "undecided" }, 202));
    const asked = read("/api/v1/payouts/{payout_id}/", { place: { payout_id: "x" } });
    await expect(asked).rejects.toMatchObject({ parts: { code: "undecided", certainty: "unknown" } });
  });
});
