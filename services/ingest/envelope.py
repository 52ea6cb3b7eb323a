"""The envelope around a command: who asks, for whom, under which key, since when.

Owns the minting of command ids and the stamping of the time. Must not know what is asked.
"""

from dataclasses import dataclass

from runtime.clock import Clock
from runtime.ids import mint
from schemas.commands import Command, CommandRecord


@dataclass(frozen=True)
class Envelope:
    """What all commands of one request share. `key` and `content_hash` come together or not at all.

    `key_is_new`: the key was minted with this request, so nobody can have used it before.
    """

    merchant_id: str
    clock: Clock
    actor: str = "api"
    key: str | None = None
    content_hash: str | None = None
    trace: str | None = None
    instance: str | None = None
    key_is_new: bool = False

    def wrap(self, body: Command, *, keyed: bool = True) -> CommandRecord:
        """A command record with an id of its own, at the present time; without the key if not `keyed` (a chunk of a batch)."""
        return CommandRecord(
            id=mint(),
            merchant_id=self.merchant_id,
            at=self.clock.now_ms(),
            body=body,
            actor=self.actor,
            key=self.key if keyed else None,
            content_hash=self.content_hash if keyed else None,
            key_made=keyed and self.key_is_new,
            trace=self.trace,
            instance=self.instance,
        )
