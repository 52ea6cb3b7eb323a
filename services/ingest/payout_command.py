"""The command of a valid payout request, whichever way it came in."""

from domain.intake.payout import PayoutRequest
from schemas.commands import RequestPayout


def payout_command(wanted: PayoutRequest, payout_id: str, release_at: int | None) -> RequestPayout:
    """The command. `release_at` (ms UTC) is until when it can be recalled."""
    return RequestPayout(
        payout_id=payout_id,
        form=wanted.form,
        release_at=release_at,
        on_insufficient_funds=wanted.on_insufficient_funds,
    )
