"""What was put on the log by this process and is not decided yet, by idempotency key and by subject.

Owns the answer to "is this id still being decided?" (API-14) and the joining of equal requests that run at the same time (IDM-06).
Must not know HTTP or Kafka. It is memory only: after a restart the processor's own memory of keys is the judge.
"""

import asyncio
from dataclasses import dataclass, field

from schemas.events import CommandRefused
from services.ingest.lately import Lately
from services.ingest.waiting import Decided


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
    """The submissions of this process that are not decided yet, and the subjects that were decided lately."""

    def __init__(self, lately: Lately | None = None) -> None:
        """Nothing is in flight. Made inside the running loop."""
        self._by_key: dict[tuple[str, str], Submission] = {}
        self._by_subject: dict[str, Submission] = {}
        self._lately = Lately(asyncio.get_running_loop().time) if lately is None else lately

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
        return submission.merchant_id if submission is not None else self._lately.merchant_of(subject)

    def is_pending(self, subject: str, merchant_id: str | None = None) -> bool:
        """Whether the subject, of this merchant (None: of any), is on the log and undecided, or was decided a moment ago."""
        submission = self._by_subject.get(subject)
        if submission is not None and not submission.durable:
            return False
        owner = self.merchant_of(subject)
        return owner is not None and merchant_id in {None, owner}

    def _done(self, submission: Submission) -> None:
        key = (submission.merchant_id, submission.key or "")
        if self._by_key.get(key) is submission:
            del self._by_key[key]
        for subject in (submission.subject, submission.first_subject):
            if subject is not None and self._by_subject.get(subject) is submission:
                del self._by_subject[subject]
        if submission.subject is not None and _came_into_being(submission):
            self._lately.add(submission.subject, submission.merchant_id)


def _came_into_being(submission: Submission) -> bool:
    decision = submission.decision
    if decision.cancelled() or decision.exception() is not None:
        return False
    record = decision.result().record
    return record.subject == submission.subject and not any(isinstance(event, CommandRefused) for event in record.events)
