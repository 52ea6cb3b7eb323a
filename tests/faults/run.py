"""One run: start everything, load it, break it, let it heal, resend every key, and leave the evidence behind.

Owns the order of a run and its log of faults. The verdict is the checker's.
"""

import asyncio
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults import poison, quiet
from tests.faults.account import Account
from tests.faults.clients import Client, Load, Merchant, found, merchants, resend
from tests.faults.cluster import PARTITIONS, Cluster
from tests.faults.followers import Follower
from tests.faults.journal import Lines, now_ms
from tests.faults.kill_points import KillPoints
from tests.faults.levels import Level
from tests.faults.mischief import ALONE, CATALOGUE, Mischief
from tests.faults.workers import Worker

STORM_SECONDS, CALM_SECONDS = 24.0, 8.0
"""About a quarter of the time nothing new is broken, so that recovery is exercised too."""
POINTS_SECONDS = 90.0
UPSTREAM_SECONDS = 1.5


class Run:
    """Everything of one run, in one folder."""

    def __init__(self, folder: Path, level: Level, seed: int, commit: str) -> None:
        """`folder` becomes the evidence folder."""
        self.folder, self.level, self.seed, self.commit = folder, level, seed, commit
        self.rng = random.Random(seed)
        self.merchants = merchants(level.merchants)
        self.cluster = Cluster(folder / "state", [merchant.id for merchant in self.merchants])
        self.points = KillPoints(level.points, random.Random(seed + 1))
        self.journal, self.faults = Lines(folder / "journal.jsonl"), Lines(folder / "faults.jsonl")
        self.load = Load(self.merchants, random.Random(seed + 2), level.payouts)
        self.account = Account(level, self.points)
        self._deck: list[str] = []
        self.say: Callable[[str], None] = lambda _: None
        self._storm = asyncio.Event()
        self._storm.set()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._transcripts: list[Lines] = []
        self._noting: set[asyncio.Task[None]] = set()

    async def play(self) -> dict[str, Any]:
        """Run it all; returns what `run.json` says."""
        started = now_ms()
        try:
            await self.cluster.start(self._died, self.points.next_point)
            client = Client("founder", self.cluster.url, self.journal, self.rng)
            await found(client, self.merchants)
            following = [asyncio.create_task(follower.run()) for follower in self._followers()]
            await self._under_load()
            last_fault = now_ms()
            took = await quiet.until_quiet(self.cluster, self.level.quiet_bound_seconds * 4)
            await self._restart_doors()
            await resend(client, self.load, self.level.resend, self.rng)
            await quiet.until_quiet(self.cluster, self.level.quiet_bound_seconds)
            await client.close()
            await self._come_to_rest(following)
            told = self._told(started, last_fault, took)
            (self.folder / "run.json").write_text(json.dumps(told, indent=1))
            return told
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Leave nothing running."""
        await self.cluster.stop()
        for lines in (self.journal, self.faults, *self._transcripts):
            lines.close()

    async def _come_to_rest(self, following: list["asyncio.Task[None]"]) -> None:
        """Stop in the order of the flow, so that all evidence speaks of the same end: nothing is asked, decided, shown and told."""
        await self.cluster.rest("ingest", "rails")
        await quiet.until_level(self.cluster, self.level.quiet_bound_seconds)
        await asyncio.sleep(2)
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
        await self.cluster.rest("processor", "projector", "gateway", "simulator")

    def _followers(self) -> list[Follower]:
        chosen: list[Merchant] = self.merchants[: self.level.followers]
        made = []
        for number, merchant in enumerate(chosen):
            transcript = Lines(self.folder / f"feed.{number}.jsonl")
            self._transcripts.append(transcript)
            rng = random.Random(self.seed + 100 + number)
            made.append(Follower(self.cluster.url, f"payouts:{merchant.id}", merchant.id, transcript, rng))
        return made

    async def _under_load(self) -> None:
        clients = [
            Client(f"client-{n}", self.cluster.url, self.journal, random.Random(self.seed + 10 + n))
            for n in range(self.level.clients)
        ]
        broken = asyncio.create_task(self._break())
        loads = [asyncio.create_task(self._keep_asking(client, broken)) for client in clients]
        upstream = asyncio.create_task(self._upstream(broken))
        await broken
        await asyncio.gather(*loads, upstream)
        for client in clients:
            await client.close()

    async def _keep_asking(self, client: Client, broken: "asyncio.Task[None]") -> None:
        """Until enough was asked for and the last fault is over."""
        while not broken.done() or self.load.asked < self.level.payouts:
            await self.load.act(client)

    async def _upstream(self, broken: "asyncio.Task[None]") -> None:
        """The upstream system asks over its inbox all the time: every record once, every seventh twice."""
        rich = [merchant for merchant in self.merchants if not merchant.poor]
        rng = random.Random(self.seed + 5)
        while not broken.done():
            merchant = rng.choice(rich)
            await asyncio.to_thread(poison.upstream, self.cluster.kafka.bootstrap, rng, merchant.id, merchant.currency, 3)
            await asyncio.sleep(UPSTREAM_SECONDS)

    async def _break(self) -> None:
        mischief = Mischief(self.cluster, self.rng)
        self._deck = [name for name, count in self.level.deck.items() for _ in range(count)]
        self.rng.shuffle(self._deck)
        self.points.armed = True
        await asyncio.sleep(2)
        weather = asyncio.create_task(self._weather())
        await asyncio.gather(*(self._work_through(mischief) for _ in range(self.level.lanes)))
        await self._until_points(mischief)
        weather.cancel()
        self.points.armed = False
        for worker in self.cluster.workers.values():
            if worker.point and worker.alive:
                worker.kill()  # a failpoint that was never reached must not go off later
        for hop in self.cluster.hops.values():
            hop.heal()

    async def _weather(self) -> None:
        while True:
            await asyncio.sleep(STORM_SECONDS)
            self._storm.clear()
            await asyncio.sleep(CALM_SECONDS)
            self._storm.set()

    async def _work_through(self, mischief: Mischief) -> None:
        """One lane: the next fault of the deck, until there is none."""
        while self._deck:
            name = self._deck.pop()
            await self._storm.wait()
            async with self._locks[ALONE.get(name, name)]:
                await self._do(mischief, name)
            await asyncio.sleep(self.rng.uniform(*self.level.pause))
            if len(self._deck) % 50 == 0:
                self.say(
                    f"{len(self._deck)} faults to come, {self.account.done.total()} done, {self.load.asked:,} payouts asked for"
                )

    async def _until_points(self, mischief: Mischief) -> None:
        """More lives, until enough kill points were hit."""
        deadline = time.monotonic() + POINTS_SECONDS * max(1, self.level.points // 20)
        while self.points.wanted and time.monotonic() < deadline:
            await self._do(mischief, "kill_one")
            await asyncio.sleep(3)

    async def _do(self, mischief: Mischief, name: str) -> None:
        number, fault = CATALOGUE[name]
        began, met = now_ms(), await asyncio.to_thread(quiet.states, self.cluster)
        try:
            done = await fault(mischief)
        except Exception as error:  # noqa: BLE001  a fault that could not be done or healed is told; the others go on
            self.account.crashes.append(f"fault {name}: {error!r}"[:200])
            return
        if done is None:
            if self.account.is_owed_again(name):
                self._deck.insert(0, name)
            return
        if "point" in done:
            self.points.hits[done["point"]] += 1
        self.account.did(name, met)
        detail = {key: value for key, value in done.items() if key != "target"}
        self.faults.add(
            t=began, fault=number, action=name, target=done["target"], detail=detail, healed=now_ms(), states=met
        )

    def _died(self, worker: Worker, code: int) -> None:
        point = self.points.died(worker, code)
        if point is not None:
            task = asyncio.create_task(self._note_point(worker, point))
            self._noting.add(task)
            task.add_done_callback(self._noting.discard)
        elif not worker.expected:
            self.account.died(worker, code)

    async def _note_point(self, worker: Worker, point: str) -> None:
        began, met = now_ms(), await asyncio.to_thread(quiet.states, self.cluster)
        self.account.did("kill_point", met)
        self.faults.add(
            t=began,
            fault="F2",
            action="kill_point",
            target=worker.name,
            detail={"point": point},
            healed=now_ms(),
            states=met,
        )

    async def _restart_doors(self) -> None:
        for role in ("ingest", "gateway"):
            for worker in self.cluster.alive(role):
                worker.kill()
        await asyncio.sleep(1)
        try:
            await self.cluster.until_ready()
        except TimeoutError:
            self.account.crashes.append("not ready again: a partition has no writer or no rail, or a door stays shut")

    def _told(self, started: int, last_fault: int, took: float | None) -> dict[str, Any]:
        return {
            "seed": self.seed, "commit": self.commit, "level": self.level.name, "started_ms": started, "last_fault_ms": last_fault,
            "quiet_ms": None if took is None else last_fault + int(took * 1000), "partitions": PARTITIONS,
            "payouts_asked": self.load.asked, "quiet_bound_ms": int(self.level.quiet_bound_seconds * 1000),
            "topics": {"commands": "payouts.commands", "events": "payouts.events", "dead_letters": ["payouts.dead-letters"]},
            **self.account.told(),
        }  # fmt: skip
