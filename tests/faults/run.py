"""One run: start everything, load it, break it, let it heal, resend every key, and leave the evidence behind.

Owns the order of a run and its log of faults. The verdict is the checker's.
"""

import asyncio
import json
import random
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults import arrears, poison, provider_faults, quiet
from tests.faults.account import KILL_POINT, Account
from tests.faults.clients import Client, Load, Merchant, found, merchants, resend
from tests.faults.cluster import PARTITIONS, Cluster
from tests.faults.followers import Follower
from tests.faults.journal import Lines, now_ms
from tests.faults.kill_points import KillPoints
from tests.faults.levels import Level
from tests.faults.mischief import CATALOGUE, SLOW, Mischief
from tests.faults.turns import Turns
from tests.faults.workers import Worker

STORM_SECONDS, CALM_SECONDS = 24.0, 8.0
"""About a quarter of the time nothing new is broken, so that recovery is exercised too."""
FORM = 2
"""Of run.json: since 2 it says all that the run promised and did not do."""
UPSTREAM_SECONDS = 1.5


_seen: ContextVar[tuple[int, dict[str, int]]] = ContextVar("seen")
"""Of the fault that this task is doing."""


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
        self._decks: list[list[str]] = []
        self._last_fault = self._last_request = self._asked_under_faults = 0
        self.say: Callable[[str], None] = lambda _: None
        self._storm = asyncio.Event()
        self._storm.set()
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
            self._last_request = now_ms()
            took = await quiet.until_quiet(self.cluster, self.level.quiet_bound_seconds * 4)
            ended = None if took is None else now_ms()
            await self._restart_doors()
            await resend(client, self.load, self.level.resend, self.rng)
            await quiet.until_quiet(self.cluster, self.level.quiet_bound_seconds)
            await client.close()
            await self._come_to_rest(following)
            told = self._told(started, ended)
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
        """Until enough was asked for and the last fault is over: faults go on until enough was asked for."""
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
        mischief = Mischief(self.cluster, self.rng, Turns(self._look))
        quick, slow = self._deal()
        self.points.armed = True
        await asyncio.sleep(2)
        weather = asyncio.create_task(self._weather())
        lanes = [quick] * self.level.lanes[0] + [slow] * self.level.lanes[1]
        await asyncio.gather(*(self._work_through(mischief, deck) for deck in lanes))
        do = partial(self._do, mischief)
        await arrears.until_covered(self.level, self.account, self.cluster, do)
        await arrears.until_points(self.level, self.points, do)
        await arrears.until_asked(self.level, self.load, do)
        weather.cancel()
        self.points.armed = False
        for worker in self.cluster.workers.values():
            if worker.point and worker.alive:
                worker.kill()  # a failpoint that was never reached must not go off later
        for hop in self.cluster.hops.values():
            hop.heal()
        await asyncio.sleep(0.5)  # the supervisor finds the last of the dead
        await asyncio.gather(*self._noting)
        self._last_fault, self._asked_under_faults = now_ms(), self.load.asked

    def _deal(self) -> tuple[list[str], list[str]]:
        """The faults of the level, shuffled: quick ones and slow ones; all in the first if slow ones have no lanes of their own."""
        names = [name for name, count in self.level.deck.items() for _ in range(count)]
        self.rng.shuffle(names)
        apart = self.level.lanes[1] > 0
        slow = [name for name in names if apart and name in SLOW]
        quick = [name for name in names if not apart or name not in SLOW]
        self._decks = [quick, slow]
        return quick, slow

    async def _weather(self) -> None:
        while True:
            await asyncio.sleep(STORM_SECONDS)
            self._storm.clear()
            await asyncio.sleep(CALM_SECONDS)
            self._storm.set()

    async def _work_through(self, mischief: Mischief, deck: list[str]) -> None:
        """One lane: the next fault of its deck, until there is none."""
        while deck:
            name = deck.pop()
            await self._storm.wait()
            if not await self._do(mischief, name) and self.account.is_owed_again(name):
                deck.insert(0, name)
            await asyncio.sleep(self.rng.uniform(*self.level.pause))
            if len(deck) % 25 == 0:
                self._say_so_far()

    def _say_so_far(self) -> None:
        to_come = sum(len(deck) for deck in self._decks)
        hits = self.points.hits.total()
        self.say(
            f"{to_come} faults to come, {self.account.done.total()} done, {hits} kill points, {self.load.asked:,} payouts"
        )

    async def _look(self) -> None:
        """When a fault begins, and how payouts stand then; looked at again when it had to wait for its turn."""
        _seen.set((now_ms(), await asyncio.to_thread(quiet.states, self.cluster)))

    async def _do(self, mischief: Mischief, name: str) -> bool:
        """Do one fault and write it down; False if there was nothing to break."""
        number, fault = CATALOGUE[name]
        await self._look()
        try:
            done = await fault(mischief)
        except Exception as error:  # noqa: BLE001  a fault that could not be done or healed is told; the others go on
            self.account.crashes.append(f"fault {name}: {error!r}"[:200])
            return True
        if done is None:
            return False
        if "point" in done:
            self.points.hits[done["point"]] += 1
        if done.get("violation"):
            self.account.ended_slowly(done["target"])
        began, met = _seen.get()
        self.account.did(name, met)
        detail = {key: value for key, value in done.items() if key != "target"}
        self.faults.add(
            t=began, fault=number, action=name, target=done["target"], detail=detail, healed=now_ms(), states=met
        )
        return True

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
        self.account.did(KILL_POINT, met)
        self.faults.add(
            t=began,
            fault="F2",
            action=KILL_POINT,
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

    def _told(self, started: int, ended: int | None) -> dict[str, Any]:
        provider = provider_faults.read(self.cluster.folder / "simulator" / "books.sqlite")
        return {
            "form": FORM, "seed": self.seed, "commit": self.commit, "level": self.level.name, "started_ms": started,
            "last_fault_ms": self._last_fault, "last_request_ms": self._last_request, "quiet_ms": ended, "partitions": PARTITIONS,
            "payouts_asked": self.load.asked, "quiet_bound_ms": int(self.level.quiet_bound_seconds * 1000),
            "topics": {"commands": "payouts.commands", "events": "payouts.events", "dead_letters": ["payouts.dead-letters"]},
            **self.account.told(self._asked_under_faults, provider),
        }  # fmt: skip
