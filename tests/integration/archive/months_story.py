"""A story whose ids are minted in one month after the other, with payouts of every end in each."""

from schemas import commands
from schemas.commands import ProviderAnswer
from schemas.ids import row_payout_id
from schemas.words import Outcome
from services.projector.months import parse
from tests.support.event_story import PROVIDER, EventStory

MERCHANT, OTHER = "acme", "zebra"
ROWS = 5


class MonthsStory(EventStory):
    def __init__(self) -> None:
        super().__init__()
        self._stamp = _begin("2026-01")
        for merchant_id in (MERCHANT, OTHER):
            self.open(merchant_id, 10_000_000)
            self.credit(merchant_id, 10_000_000, "EUR")

    def mint(self) -> str:
        """Later than the one before, in the month that was begun."""
        self._stamp += 1
        stamp = f"{self._stamp:012x}"
        return f"{stamp[:8]}-{stamp[8:]}-7000-8000-000000000000"

    def live_through(self, month: str) -> None:
        """Paid, failed, canceled and rejected payouts, and a batch paid row by row."""
        self.begin(month)
        for merchant_id in (MERCHANT, OTHER):
            self.answered(self.request(merchant_id), Outcome.PAID)
            self.answered(self.request(merchant_id), Outcome.FAILED)
            self.tell(merchant_id, commands.CancelPayout(payout_id=self.request(merchant_id)))
            self.request(merchant_id, amount_minor=900_000_000)
        batch_id = self.batch(MERCHANT, ROWS, submit=True)
        self.tell(MERCHANT, commands.SealBatch(batch_id=batch_id), key=f"batch-{batch_id}")
        for row in range(1, ROWS + 1):
            self.answered(row_payout_id(batch_id, row), Outcome.PAID, batch_id)

    def begin(self, month: str, later: int = 0) -> None:
        """Ids are minted from the month's first moment on, or `later` (ms)."""
        self._stamp = _begin(month) + later

    def request(self, merchant_id: str = MERCHANT, amount_minor: int = 1000) -> str:
        payout_id = self.mint()
        body = commands.RequestPayout(payout_id=payout_id, form=self.form(amount_minor))
        self.tell(merchant_id, body, key=f"key of {payout_id}")
        return payout_id

    def answered(self, payout_id: str, outcome: Outcome, batch_id: str | None = None) -> None:
        merchant_id = self.book.payouts[payout_id].merchant_id
        start = commands.StartAttempts(provider=PROVIDER, payout_ids=[payout_id], batch_id=batch_id)
        self.tell(merchant_id, start, actor="rails")
        answer = ProviderAnswer(payout_id=payout_id, attempt=1, outcome=outcome)
        self.tell(merchant_id, commands.RecordAnswers(provider=PROVIDER, answers=[answer], batch_id=batch_id), actor="rails")


def _begin(month: str) -> int:
    return int(parse(month).lowest_id().replace("-", "")[:12], 16)
