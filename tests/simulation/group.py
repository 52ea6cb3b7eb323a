"""A consumer group: who owns which partition, and how a dead or frozen member is found out.

Owns membership, sessions, rebalances and committed offsets, as a Kafka group coordinator does. A frozen member keeps working when it wakes
until it is told. Must not know what members do with a partition.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from random import Random

from tests.simulation.loop import VirtualLoop
from tests.simulation.network import Network
from tests.simulation.processes import Process

SESSION_SECONDS = 6.0
REVOKE_SECONDS = 1.0
PASSED_OVER_SHARE = 0.1

Assigned = Callable[[dict[int, int]], None]
"""Partition to the committed offset from which reading begins."""


class Member:
    """One process in the group."""

    def __init__(self, process: Process, assigned: Assigned, revoked: Callable[[], None]) -> None:
        self.process, self.assigned, self.revoked = process, assigned, revoked
        self.expired = False
        self._mail: deque[Callable[[], None]] = deque()

    def tell(self, loop: VirtualLoop, news: Callable[[], None]) -> None:
        """News of the group are heard in order, whatever the scheduler does."""
        self._mail.append(news)
        self.process.call(loop, lambda: self._mail.popleft()())


class Group:
    """One group over all partitions of one topic."""

    def __init__(self, network: Network, rng: Random, partitions: int) -> None:
        self._network, self._rng, self._partitions = network, rng, partitions
        self._loop: VirtualLoop = network.loop
        self.members: list[Member] = []
        self.owners: dict[int, Member] = {}
        self.committed: dict[int, int] = dict.fromkeys(range(partitions), 0)
        self.generation = 0
        self.rebalances = 0
        self._due = False

    def join(self, member: Member) -> None:
        """A process is a member from now on."""
        self.members.append(member)
        self.rebalance()

    def lost(self, process: Process) -> None:
        """A process died: its session ends later."""
        for member in self.members:
            if member.process is process:
                self._at(SESSION_SECONDS * (0.8 + 0.2 * self._rng.random()), lambda gone=member: self._expire(gone))

    def frozen(self, process: Process) -> None:
        """A process was stopped: if it sleeps past its session, the others take over."""
        stopped_at = process.stopped_at
        for member in self.members:
            if member.process is process:
                self._at(SESSION_SECONDS, lambda late=member: self._expire_frozen(late, stopped_at))

    def woke(self, process: Process) -> None:
        """A frozen process goes on; if it was expelled it hears of it with its next heartbeat."""
        for member in list(self.members):
            if member.process is process and member.expired:
                self._at(self._rng.random() * 2.0, lambda back=member: self._rejoin(back))

    def commit(self, process: Process, offsets: Mapping[int, int]) -> None:
        """A hint; refused from whoever is no owner."""
        for partition, offset in offsets.items():
            if self.is_owner(process, partition):
                self.committed[partition] = offset

    def is_owner(self, process: Process, partition: int) -> bool:
        """What a commit proves: the process is a member of this generation and owns the partition."""
        owner = self.owners.get(partition)
        return owner is not None and owner.process is process and not self._due

    def rebalance(self) -> None:
        """Soon all members hear of a new assignment."""
        if not self._due:
            self._due = True
            self._at(0.05 + self._rng.random() * 0.5, self._revoke)

    def _revoke(self) -> None:
        for member in self._live():
            member.tell(self._loop, member.revoked)
        self._at(REVOKE_SECONDS * self._rng.random(), self._assign)

    def _assign(self) -> None:
        self._due = False
        self.generation += 1
        self.rebalances += 1
        live = self._live()
        self.owners = {}
        if not live:
            return
        self._rng.shuffle(live)
        for partition in range(self._partitions):
            self.owners[partition] = live[partition % len(live)]
        for member in live:
            mine = [partition for partition, owner in self.owners.items() if owner is member]
            self._at(self._rng.random() * 0.4, lambda told=member, parts=mine: self._tell(told, parts))

    def _tell(self, member: Member, partitions: Iterable[int]) -> None:
        if all(self.owners.get(partition) is member for partition in partitions):
            starts = {partition: self.committed[partition] + self._passed_over() for partition in partitions}
            member.tell(self._loop, lambda: member.assigned(starts))

    def _passed_over(self) -> int:
        """Faust can drop what it had fetched when it hears of a new assignment, and go on behind it."""
        return self._rng.randint(1, 3) if self._rng.random() < PASSED_OVER_SHARE else 0

    def _expire(self, member: Member) -> None:
        member.expired = True
        if member.process.dead:
            self.members = [other for other in self.members if other is not member]
        self.rebalance()

    def _expire_frozen(self, member: Member, stopped_at: float) -> None:
        if member.process.stopped and member.process.stopped_at == stopped_at and not member.process.dead:
            self._expire(member)

    def _rejoin(self, member: Member) -> None:
        if not member.process.dead:
            member.expired = False
            self.rebalance()

    def _live(self) -> list[Member]:
        """Members whose session has not ended; a dead one counts until its time-out."""
        return [member for member in self.members if not member.expired]

    def _at(self, seconds: float, act: Callable[[], None]) -> None:
        self._loop.call_at(self._loop.clock + seconds, act, context=self._network.world)
