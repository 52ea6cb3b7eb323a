"""What was put on the log by this process and is not decided yet, by idempotency key and by subject.

Owns the answer to "is this id still being decided?" (API-14) and the joining of equal requests that run at the same time (IDM-06).
Must not know HTTP or Kafka. It is memory only: after a restart the processor's own memory of keys is the judge.
"""

import asyncio
from dataclasses import dataclass, field

from schemas.events import CommandRefused
from services.ingest.waiting import Decided

LINGER_SECONDS = 30.0
"""A subject that came into being is still named for so long, so that a reader never falls between the decision and the projection."""


@dataclass(eq=False)
class Submission:
    """One request that this process brought to the log. `decision` is done when it is decided, or has failed to get there.

    `subject` is the id of what the request makes; None if it makes nothing new (an edit, a cancel).
    """

    merchant_id: str
    subject: str | None
    decision: "asyncio.Future[Decided]"
    key: str | None = None
    content_hash: str | None = None
    durable: bool = False
    first_subject: str | None = field(init=False)

    def __post_init__(self) -> None:
        """Remembers the subject that the request began with."""
        self.first_subject = self.subject


class InFlight:
    """The submissions of this process that are not decided yet."""

    def __init__(self, linger_seconds: float = LINGER_SECONDS) -> None:
        """`linger_seconds`: how long a decided subject is still known."""
        self._by_key: dict[tuple[str, str], Submission] = {}
        self._by_subject: dict[str, Submission] = {}
        self._linger_seconds = linger_seconds

    def __len__(self) -> int:
        """Undecided submissions, and those that still linger."""
        return len(self._by_subject)

    def add(self, submission: Submission) -> None:
        """Know this submission until its decision is done."""
        self.add_subject(submission)
        if submission.key is not None:
            self._by_key[submission.merchant_id, submission.key] = submission
        submission.decision.add_done_callback(lambda _: self._done(submission))

    def add_subject(self, submission: Submission) -> None:
        """Know the submission under the subject it has now (a try that goes on with an earlier batch takes its id)."""
        if submission.subject is not None:
            self._by_subject[submission.subject] = submission

    def of_key(self, merchant_id: str, key: str | None) -> Submission | None:
        """The undecided submission under this key, if this process has one."""
        submission = self._by_key.get((merchant_id, key)) if key is not None else None
        return submission if submission is not None and not submission.decision.done() else None

    def merchant_of(self, subject: str) -> str | None:
        """The merchant of a subject that is undecided or was decided a moment ago."""
        submission = self._by_subject.get(subject)
        return submission.merchant_id if submission is not None else None

    def is_pending(self, subject: str, merchant_id: str | None = None) -> bool:
        """Whether the subject, of this merchant (None: of any), is on the log and undecided, or was decided a moment ago."""
        submission = self._by_subject.get(subject)
        return submission is not None and submission.durable and merchant_id in {None, submission.merchant_id}

    def _done(self, submission: Submission) -> None:
        key = (submission.merchant_id, submission.key or "")
        if self._by_key.get(key) is submission:
            del self._by_key[key]
        linger = self._linger_seconds if _came_into_being(submission) else 0
        asyncio.get_running_loop().call_later(linger, self._drop, submission)

    def _drop(self, submission: Submission) -> None:
        for subject in (submission.subject, submission.first_subject):
            if subject is not None and self._by_subject.get(subject) is submission:
                del self._by_subject[subject]


def _came_into_being(submission: Submission) -> bool:
    decision = submission.decision
    if decision.cancelled() or decision.exception() is not None:
        return False
    record = decision.result().record
    return record.subject == submission.subject and not any(isinstance(event, CommandRefused) for event in record.events)
