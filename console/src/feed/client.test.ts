// The feed client under a seeded network: no change lost, none told twice, whatever breaks (CON-04, LIV-06, LIV-07).
import { describe, expect, it } from "vitest";
import { waitBefore } from "~/feed/backoff";
import { FeedClient } from "~/feed/client";
import { isRepeat } from "~/feed/messages";
import { chance, Server, Time, worldOf } from "~/feed/seeded/network";

function set(seed = 1) {
  const time = new Time();
  const server = new Server();
  const client = new FeedClient(worldOf(server, time, chance(seed)));
  const seen: number[] = [];
  const told: string[] = [];
  const follow = () =>
    client.follow("c", {
      joined: () => told.push("joined"),
      changes: (changes) => seen.push(...changes.map((change) => change.version)),
      gap: (dropped) => told.push(`gap ${String(dropped)}`),
      reset: () => told.push("reset"),
      refused: (code) => told.push(code),
    });
  return { time, server, client, seen, told, follow };
}

describe("a line that breaks", () => {
  it.each(Array.from({ length: 60 }, (_, seed) => seed + 1))("tells every change once, in order: seed %i", async (seed) => {
    const { time, server, client, seen, follow } = set(seed);
    const random = chance(seed * 7919);
    follow();
    await time.pass(1_000);
    for (let value = 1; value <= 300; value += 1) {
      server.add(value);
      if (random() < 0.05) server.lines.at(-1)?.cut();
      if (random() < 0.02) server.accepts = !server.accepts;
      if (random() < 0.01) client.retry();
      await time.pass(Math.floor(random() * 120));
    }
    server.accepts = true;
    client.retry();
    await time.pass(60_000);
    expect(seen).toEqual(server.log);
    expect(client.connection.kind).toBe("live");
  });

  it("resumes behind the last cursor, without a snapshot", async () => {
    const { time, server, seen, told, follow } = set();
    follow();
    await time.pass(1_000);
    server.add(1);
    await time.pass(1_000);
    server.lines[0]?.cut();
    server.add(2);
    await time.pass(5_000);
    expect(server.lines[1]?.said[0]).toEqual({ type: "subscribe", channel: "c", resume: "3:1:0" });
    expect([seen, told]).toEqual([[1, 2], ["joined"]]);
  });

  it("asks for the state again if it was cut before the state came", async () => {
    const { time, server, told, follow } = set();
    follow();
    await time.pass(0);
    const line = server.lines[0]!;
    const tell = line.tell.bind(line);
    line.tell = (message) => (message as { type: string }).type !== "snapshot" && tell(message);
    await time.pass(1_000);
    expect(told).toEqual([]);
    line.cut();
    await time.pass(5_000);
    expect(told).toEqual(["joined"]);
  });

  it("leaves out a repeat", async () => {
    const { time, server, seen, follow } = set();
    follow();
    await time.pass(1_000);
    server.add(1);
    await time.pass(500);
    server.lines[0]?.tell({ type: "changes", channel: "c", cursor: "3:1:0", changes: [{ id: "1", version: 1 }] });
    await time.pass(500);
    expect(seen).toEqual([1]);
  });

  it("begins again after a reset, and after a cursor from the future", async () => {
    const { time, server, told, client, follow } = set();
    follow();
    server.log = [1, 2, 3, 4];
    await time.pass(1_000);
    server.lines[0]?.cut();
    server.log.push(5, 6);
    server.oldest = 6;
    await time.pass(5_000);
    expect(told).toEqual(["joined", "reset", "joined"]);
    server.log = [];
    server.oldest = 0;
    server.lines[1]?.cut();
    await time.pass(5_000);
    expect(told).toEqual(["joined", "reset", "joined", "reset", "joined"]);
    expect(client.connection.kind).toBe("live");
  });

  it("has several followers over one subscription, each told when it joined", async () => {
    const { time, server, client, told, follow } = set();
    const first = follow();
    await time.pass(1_000);
    const second = follow();
    expect(told).toEqual(["joined", "joined"]);
    first();
    await time.pass(500);
    expect(server.lines[0]?.said.filter((message) => message["type"] !== "ping")).toHaveLength(1);
    second();
    expect(server.lines[0]?.said.at(-1)).toEqual({ type: "unsubscribe", channel: "c" });
    expect(client.connection.kind).toBe("live");
  });

  it("vouches for nothing while a channel is not followed", async () => {
    const { time, server, client, follow } = set();
    follow();
    const heard: boolean[] = [];
    client.listen(() => heard.push(client.isWhole));
    expect(client.isWhole).toBe(false);
    await time.pass(1_000);
    expect(client.isWhole).toBe(true);
    expect(heard.at(-1)).toBe(true);
    server.lines[0]?.tell({ type: "error", channel: "c", code: "limit_exceeded", detail: "too many" });
    await time.pass(500);
    expect([client.connection.kind, client.isWhole]).toEqual(["live", false]);
    expect(heard.at(-1)).toBe(false);
  });

  it("vouches for nothing while what was missed is still to be told", async () => {
    const { time, server, client, seen, follow } = set();
    follow();
    await time.pass(1_000);
    server.lines[0]?.cut();
    server.log.push(1, 2, 3);
    server.catchesUp = false;
    await time.pass(6_000);
    expect([client.connection.kind, client.isWhole, seen]).toEqual(["live", false, []]);
    const heard: boolean[] = [];
    client.listen(() => heard.push(client.isWhole));
    server.catchUp();
    await time.pass(1_000);
    expect([client.isWhole, heard, seen]).toEqual([true, [true], [1, 2, 3]]);
  });

  it.each(["view_unavailable", "identity_unavailable"])("asks again in a moment after %s", async (code) => {
    const { time, server, client, told, follow } = set();
    follow();
    await time.pass(1_000);
    server.lines[0]?.tell({ type: "error", channel: "c", code, detail: "not now" });
    await time.pass(4_000);
    expect(server.lines[0]?.said.filter((message) => message["type"] === "subscribe")).toHaveLength(2);
    expect([client.isWhole, told.includes(code)]).toEqual([true, false]);
  });

  it("passes a gap on, with its count", async () => {
    const { time, server, told, follow } = set();
    follow();
    await time.pass(1_000);
    server.lines[0]?.tell({ type: "gap", channel: "c", dropped: 40, cursor: "3:90:0" });
    await time.pass(500);
    expect(told).toEqual(["joined", "gap 40"]);
  });

  it("ignores what it does not know", async () => {
    const { time, server, client, follow } = set();
    follow();
    await time.pass(1_000);
    server.lines[0]?.tell({ type: "from_the_future", channel: "c", x: 1 });
    server.lines[0]?.tell([]);
    await time.pass(500);
    expect(client.connection.kind).toBe("live");
  });
});

describe("cursors", () => {
  it.each([
    ["3:5:0", "3:4:9", false],
    ["3:5:0", "3:5:0", true],
    ["3:4:9@demo", "3:5:0@demo", true],
    ["3:5:1@demo", "3:5:0", false],
    ["0:1:0,1:9:0@*", "0:2:0,1:8:0@*", false],
    ["0:1:0,1:8:0@*", "0:2:0,1:8:0@*", true],
    ["4:1:0", "3:9:0", false],
    ["no cursor", "3:9:0", false],
  ])("%s after %s is a repeat: %s", (next, last, repeat) => expect(isRepeat(next, last)).toBe(repeat));
});

describe("trying again", () => {
  it("waits 1 s to 30 s with jitter", () => {
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      expect(waitBefore(attempt, () => 0)).toBe(1_000);
      expect(waitBefore(attempt, () => 0.999999)).toBeLessThanOrEqual(30_000);
    }
    expect(new Set([0.1, 0.5, 0.9].map((r) => waitBefore(4, () => r))).size).toBe(3);
    expect(waitBefore(10, () => 0.999999)).toBeGreaterThan(29_000);
  });

  it("gives up after ten tries, and starts over when a person says so", async () => {
    const { time, server, client, seen, follow } = set(5);
    follow();
    await time.pass(1_000);
    server.accepts = false;
    server.lines[0]?.cut();
    const waits: number[] = [];
    client.listen(() => client.connection.kind === "waiting" && waits.push(client.connection.nextTryAt - time.now));
    await time.pass(600_000);
    expect(client.connection.kind).toBe("given_up");
    expect(waits).toHaveLength(9); // the first was set when the line was cut, before listening
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_000);
    server.accepts = true;
    server.add(1);
    client.retry();
    await time.pass(1_000);
    expect([client.connection.kind, seen]).toEqual(["live", [1]]);
  });

  it("counts a line that breaks at once as a try, and a steady one not", async () => {
    const { time, server, client, follow } = set(9);
    follow();
    await time.pass(1_000);
    server.lines[0]?.cut();
    expect(client.connection).toMatchObject({ kind: "waiting", attempt: 1 });
    await time.pass(3_000);
    server.lines[1]?.cut();
    expect(client.connection).toMatchObject({ kind: "waiting", attempt: 2 });
    await time.pass(20_000);
    server.lines[2]?.cut();
    expect(client.connection).toMatchObject({ kind: "waiting", attempt: 1 });
  });

  it("waits as long as a goodbye asked for", async () => {
    const { time, server, client, follow } = set(3);
    follow();
    await time.pass(1_000);
    server.lines[0]?.tell({ type: "bye", reason: "restart", retry_after_ms: 20_000 });
    await time.pass(200);
    server.lines[0]?.cut(1012);
    expect(client.connection).toMatchObject({ kind: "waiting", why: "the server is restarting" });
    expect((client.connection as { nextTryAt: number }).nextTryAt - time.now).toBeGreaterThan(19_000);
  });

  it("does not try again once the credential has ended, nor while offline", async () => {
    const { time, server, client, follow } = set();
    follow();
    await time.pass(1_000);
    server.lines[0]?.cut(4401);
    await time.pass(60_000);
    expect([client.connection.kind, server.lines.length]).toEqual(["signed_out", 1]);
    client.retry();
    await time.pass(1_000);
    client.offline();
    await time.pass(60_000);
    expect([client.connection.kind, server.lines.length]).toEqual(["offline", 2]);
  });
});

describe("a page that is left", () => {
  it("leaves the line to the next one", async () => {
    const { time, server, client, follow } = set();
    const leave = follow();
    await time.pass(10_000);
    leave();
    follow();
    await time.pass(10_000);
    expect([client.connection.kind, client.isWhole, server.lines.length]).toEqual(["live", true, 1]);
  });

  it("that follows nothing holds no line and tries for none", async () => {
    const { time, server, client, follow } = set();
    const leave = follow();
    await time.pass(10_000);
    leave();
    await time.pass(60_000);
    expect([client.connection.kind, server.lines.length, server.lines[0]?.open]).toEqual(["idle", 1, false]);
    follow();
    await time.pass(1_000);
    const leaveAgain = follow();
    leaveAgain();
    server.lines[1]?.cut(4001);
    expect(client.connection.kind).toBe("waiting");
  });

  it("is not tried for any more when its line breaks", async () => {
    const { time, server, client, follow } = set();
    const leave = follow();
    await time.pass(1_000);
    leave();
    server.lines[0]?.cut(4001);
    expect(client.connection.kind).toBe("idle");
    await time.pass(60_000);
    expect(server.lines.length).toBe(1);
  });
});

describe("silence", () => {
  it("is noticed: a line on which nothing is heard is given up for a new one", async () => {
    const { time, server, client, follow } = set();
    follow();
    await time.pass(1_000);
    server.answersPings = false;
    await time.pass(20_000);
    expect(server.lines.length).toBeGreaterThan(1);
    expect(server.lines[0]?.open).toBe(false);
    expect(client.connection.kind).not.toBe("given_up");
  });

  it("is told apart from age: what is known is as old as the last word and the views' lag", async () => {
    const { time, server, client, follow } = set();
    follow();
    await time.pass(60_000);
    expect(time.now - (client.pulse.asOf ?? 0)).toBeLessThan(5_000);
    server.lagMs = 40_000;
    server.lines[0]?.tell({ type: "heartbeat", time: "", lag_ms: 40_000 });
    await time.pass(100);
    expect(time.now - (client.pulse.asOf ?? 0)).toBeGreaterThanOrEqual(40_000);
  });

  it("is told apart from news: only what the server says of the views' age makes what is known younger", async () => {
    const { time, server, client, follow } = set();
    follow();
    await time.pass(10_000);
    const asOf = client.pulse.asOf;
    server.answersPings = false;
    for (let value = 1; value <= 8; value += 1) {
      server.add(value);
      await time.pass(1_000);
    }
    expect([client.connection.kind, client.pulse.asOf]).toEqual(["live", asOf]);
  });
});
