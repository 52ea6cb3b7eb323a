// Keys mean what the help says and nothing while typing (CON-22); the line's state is told in words (CON-04); the palette finds (CON-22).
import { beforeEach, describe, expect, it, vi } from "vitest";
import { prefer } from "~/keep/preferences";
import { announceChanges, gathered, spoken } from "~/shell/Announcer";
import { wordsOf } from "~/shell/ConnectionState";
import { onKeyDown, takeKey } from "~/shell/keys";
import { offers } from "~/shell/offers";
import { PLACES } from "~/shell/places";

function press(key: string, target: HTMLElement = document.body, more: KeyboardEventInit = {}) {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
}

beforeEach(() => {
  prefer({ singleKeys: true });
  document.body.innerHTML = "<input id=field />";
  document.removeEventListener("keydown", onKeyDown);
  document.addEventListener("keydown", onKeyDown);
});

describe("keys", () => {
  it("act once, the latest taker first, and pass on when refused", () => {
    const [below, above] = [vi.fn(), vi.fn(() => false)];
    const drops = [takeKey("j", below), takeKey("j", above)];
    press("j");
    expect([above.mock.calls.length, below.mock.calls.length]).toEqual([1, 1]);
    for (const drop of drops) drop();
    press("j");
    expect(below).toHaveBeenCalledTimes(1);
  });
  it("go to a page by g and its letter", () => {
    const act = vi.fn();
    const drop = takeKey("g t", act);
    press("t");
    press("g");
    press("t");
    expect(act).toHaveBeenCalledTimes(1);
    drop();
  });
  it("mean letters while typing, but Ctrl+K is a command everywhere", () => {
    const [slash, command] = [vi.fn(), vi.fn()];
    const drops = [takeKey("/", slash), takeKey("mod+k", command)];
    const field = document.getElementById("field")!;
    press("/", field);
    press("k", field, { ctrlKey: true });
    expect([slash.mock.calls.length, command.mock.calls.length]).toEqual([0, 1]);
    for (const drop of drops) drop();
  });
  it("can be switched off", () => {
    prefer({ singleKeys: false });
    const act = vi.fn();
    const drop = takeKey("x", act);
    press("x");
    expect(act).not.toHaveBeenCalled();
    drop();
  });
  it("have a letter of its own for each page", () => {
    expect(new Set(PLACES.map((place) => place.letter)).size).toBe(PLACES.length);
  });
});

describe("the line's state", () => {
  it("names the try, the limit and the next try", () => {
    expect(wordsOf({ kind: "waiting", attempt: 3, nextTryAt: 9_500, why: "the line was cut" }, 5_000)[1]).toBe(
      "Not live, try 3 of 10 in 5 s: the line was cut",
    );
    expect(wordsOf({ kind: "given_up", why: "away" }, 0)[1]).toContain("ten tries failed");
  });
});

describe("the palette", () => {
  const known = {
    merchants: [{ id: "demo", name: "Demo Merchant" }],
    views: [{ name: "My failures", href: "/payouts?status=failed" }],
    merchant: "demo",
  };
  it("opens a pasted id, and keeps the merchant", () => {
    const id = "01a1fce3-eadb-73ce-b132-dc140c212c12";
    expect(offers(id, known)[0]).toMatchObject({ href: `/payouts/${id}?m=demo` });
  });
  it("finds pages, merchants, saved views, and offers a reference", () => {
    expect(offers("demo mer", known)[0]?.name).toBe("Demo Merchant");
    expect(offers("my fail", known)[0]?.href).toBe("/payouts?status=failed");
    expect(offers("INV-17", known).at(-1)?.href).toBe("/payouts?m=demo&view=payouts&reference=INV-17");
  });
});

describe("live changes are announced", () => {
  it("is never the same text twice, which no reader would say again", () => {
    expect([spoken(1, ""), spoken(1, "1 change"), spoken(1, "1 change more"), spoken(2, "")]).toEqual([
      "1 change",
      "1 change more",
      "1 change",
      "2 changes",
    ]);
  });
  it("once for all that came within some seconds, and not again without new ones", () => {
    vi.useFakeTimers();
    const told: number[] = [];
    const end = gathered((number) => told.push(number));
    for (let i = 0; i < 40; i += 1) announceChanges(5);
    vi.advanceTimersByTime(4_999);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual([200]);
    vi.advanceTimersByTime(60_000);
    announceChanges(1);
    vi.advanceTimersByTime(5_000);
    expect(told).toEqual([200, 1]);
    announceChanges(1);
    end();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});
