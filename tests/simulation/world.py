"""One world: loop, network, log, store, provider, groups, and the simulated processes with their supervisor.

Owns starting, killing, freezing and restarting processes, and what happens at a kill point. Must not know the workload or the checks.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from random import Random
from typing import Any

from runtime import failpoints
from schemas.codec import decode_event, encode
from schemas.commands import CommandRecord, ProviderAnswer, RecordAnswers
from schemas.events import AttemptsStarted, EventRecord, StartedAttempt
from schemas.words import Outcome
from tests.simulation.broker import Broker
from tests.simulation.clients import Log
from tests.simulation.group import Group
from tests.simulation.loop import VirtualLoop
from tests.simulation.network import FAIR, Network, Weather
from tests.simulation.processes import PROCESS, Process
from tests.simulation.provider import Books, Transfer
from tests.simulation.services import MAKERS, SimClock
from tests.simulation.shape import Shape
from tests.simulation.store import Database
from tests.simulation.tables import Tables

EPOCH_MS = 1_767_225_600_000
SWEEP_SECONDS = 5.0
RESTART_SECONDS = 3.0
SERVERS = ("log", "store", "provider")


class World:
    """Everything of one run."""

    def __init__(self, shape: Shape, rng: Random) -> None:
        self.shape, self.rng = shape, rng
        self.loop = VirtualLoop(Random(rng.random()), wild=shape.wild)
        self.network = Network(self.loop, Random(rng.random()))
        self.broker = Broker(shape.partitions)
        self.log = Log(self.broker, self.network)
        self.database = Database(Tables(), self.network)
        self.violations: list[str] = []
        self.late_words: set[str] = set()
        self.reads: list[Any] = []
        self.milestones: list[tuple[float, Callable[[], None]]] = []
        """What happens once clients have asked for this share of what they will, in order."""
        self.executed: list[tuple[Transfer, bool]] = []
        self.books = Books(self.network, Random(rng.random()), shape.nasty, self._executed)
        self.books.on_late = self._late_word
        self.groups = {
            name: Group(self.network, Random(rng.random()), shape.partitions) for name in ("processor", "rails", "projector")
        }
        self.alive: dict[str, Any] = {}
        self.jumped_ms = 0
        self.blind = 0.0
        self.reached: Counter[str] = Counter()
        self.struck: Counter[str] = Counter()
        self.plans: dict[str, tuple[int, str]] = {}
        self.met = self.network.met
        self.ever: list[Process] = []
        self._minted = 0
        self._skews: dict[str, int] = defaultdict(lambda: int(self.rng.uniform(-shape.skew_ms, shape.skew_ms)))

    def now_ms(self) -> int:
        """The world's wall time."""
        return EPOCH_MS + self.jumped_ms + int(self.loop.clock * 1000)

    def clock(self, process: Process) -> SimClock:
        """The wall time as this process sees it; a machine keeps its error over restarts."""
        return SimClock(self, self._skews[process.name])

    def mint(self) -> str:
        """A UUIDv7 that is the same in every run."""
        self._minted += 1
        draw = Random(self._minted * 7919 + 13).getrandbits(62)
        head = f"{self.now_ms():012x}"
        return f"{head[:8]}-{head[8:]}-7{self._minted & 0xFFF:03x}-{0x8000 | draw >> 48 & 0x3FFF:04x}-{draw & 0xFFFFFFFFFFFF:012x}"

    def start_all(self) -> None:
        """Start every worker of the shape."""
        self._set_weather(self.shape.weather)
        self.network.weather["store"] = self.shape.store_weather
        self.blind = self.shape.blind
        for kind, count in self.shape.workers.items():
            for number in range(1, count + 1):
                self.start(f"{kind}-{number}")
        self._sweep()

    def start(self, name: str) -> None:
        """Start a process; an older incarnation must be dead."""
        process = Process(name, len(self.ever) + 1, self._died)
        self.ever.append(process)
        service = process.context.run(MAKERS[name.partition("-")[0]], self, process)
        self.alive[name] = service
        process.spawn(self.loop, self._main(process, service))

    async def _main(self, process: Process, service: Any) -> None:
        try:
            await service.run()
        except Exception as error:  # noqa: BLE001  a process that ends by an error is started again
            self.violations.append(f"halted: {process.name} ended by {error!r}")
            process.kill()

    def _died(self, process: Process) -> None:
        self.met[f"killed.{process.name.partition('-')[0]}"] += 1
        self.alive.pop(process.name, None)
        for group in self.groups.values():
            group.lost(process)
        self.later(0.3 + self.rng.random() * RESTART_SECONDS, self.start, process.name)

    def freeze(self, process: Process, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after so long."""
        if process.dead or process.stopped:
            return
        self.met[f"frozen.{process.name.partition('-')[0]}"] += 1
        process.stop(self.loop.clock)
        for group in self.groups.values():
            group.frozen(process)
        self.later(seconds, self._wake, process)

    def _wake(self, process: Process) -> None:
        if not process.dead:
            process.go_on(self.loop)
            for group in self.groups.values():
                group.woke(process)

    def processes(self) -> list[Process]:
        """Those that live, in order of name."""
        return [self.alive[name].process for name in sorted(self.alive)]

    def outage(self, server: str, seconds: float) -> None:
        """The log, the store or the provider does not answer for so long."""
        self.met[f"away.{server}"] += 1
        self.network.away[server] = self.loop.clock + seconds

    def heal(self) -> None:
        """All faults stop; what is frozen wakes."""
        self.plans.clear()
        self.blind = 0.0
        self.network.away.clear()
        self._set_weather(FAIR)
        nasty = self.books.nasty
        nasty.fail = nasty.passing = nasty.slow = nasty.hang = nasty.wire = nasty.contradict = 0.0
        for process in self.processes():
            process.doom(None)
            if process.stopped:
                self._wake(process)
        self.later(5.0, self.books.settle_all)

    def later(self, seconds: float, act: Any, *args: Any) -> None:
        """Do it in the world's own context."""
        self.loop.call_at(self.loop.clock + seconds, act, *args, context=self.network.world)

    def progressed(self, share: float) -> None:
        """Clients have asked for this share of all."""
        while self.milestones and self.milestones[0][0] <= share:
            self.milestones.pop(0)[1]()

    async def reach(self, name: str) -> None:
        """A kill point was reached: count it, and strike if this seed planned it."""
        process = PROCESS.get()
        self.reached[name] += 1
        if process is None or name not in self.plans:
            return
        nth, action = self.plans[name]
        if nth > 1:
            self.plans[name] = (nth - 1, action)
            return
        del self.plans[name]
        self.struck[name] += 1
        if action == "stop":
            self.freeze(process, 2.0 + self.rng.random() * 12.0)
        else:
            process.kill()
        await self.loop.create_future() if action == "kill" else await _pass()

    def watch(self) -> None:
        """Be told of kill points."""
        failpoints.on_reach(self.reach)

    def _set_weather(self, weather: Weather) -> None:
        for server in SERVERS:
            self.network.weather[server] = weather

    def _sweep(self) -> None:
        for partition in self.broker.partitions:
            partition.time_out(self.loop.clock)
        self.later(SWEEP_SECONDS, self._sweep)

    def _executed(self, transfer: Transfer) -> None:
        self.executed.append((transfer, self._is_on_log(transfer.reference)))

    def _late_word(self, transfer: Transfer) -> None:
        """The provider says `paid` after `failed`: whoever hears of it brings it to the log as an answer."""
        started = self._attempt_of(transfer.reference)
        if started is None:
            return
        number, record, attempt = started
        answer = ProviderAnswer(payout_id=attempt.payout_id, attempt=attempt.attempt, outcome=Outcome.PAID, inquiry=True)
        [batch_id] = {fact.batch_id for fact in record.events if isinstance(fact, AttemptsStarted)}
        body = RecordAnswers(provider="simulator", answers=[answer], batch_id=batch_id)
        command = CommandRecord(id=self.mint(), merchant_id=record.merchant_id, at=self.now_ms(), body=body, actor="rails")
        self.broker.partitions[number].append(record.merchant_id.encode(), encode(command))
        self.late_words.add(attempt.payout_id)
        self.met["paid_after_failed"] += 1

    def _attempt_of(self, reference: str) -> tuple[int, EventRecord, StartedAttempt] | None:
        """Where the attempt of this reference stands."""
        for number, partition in enumerate(self.broker.partitions):
            for event in partition.committed():
                if reference.encode() in event.value and b'"attempts_started"' in event.value:
                    record = decode_event(event.value)
                    items = [item for fact in record.events if isinstance(fact, AttemptsStarted) for item in fact.attempts]
                    return next((number, record, item) for item in items if item.reference == reference)
        return None

    def _is_on_log(self, reference: str) -> bool:
        """Whether an attempt of this reference is durable at this instant."""
        needle = reference.encode()
        return any(
            event is not None
            and partition.outcome.get(event.transaction)
            and needle in event.value
            and b'"attempts_started"' in event.value
            for partition in self.broker.partitions
            for event in partition.events
        )


async def _pass() -> None:
    """Give others their turn: a process that was just stopped does not go on."""
    import asyncio

    await asyncio.sleep(0)
