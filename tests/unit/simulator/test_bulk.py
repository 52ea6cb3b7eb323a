"""What a bulk reply says of one transfer, however its entry was come by (SIM-03)."""

from services.simulator import scenario
from services.simulator.bulk import _told
from services.simulator.desk import Taken
from services.simulator.scenario import Fate
from services.simulator.transfers import new_transfer

BODY = {"reference": "6e342990-302a-42ec-966d-d77641a56669", "amount": "10.50", "currency": "USD"}


def test_a_plain_payment_is_told_at_once_as_it_would_be_the_long_way() -> None:
    plain, same = scenario.PAID, Fate("paid")
    assert plain == same
    assert plain is not same
    transfer = new_transfer(BODY, plain, "content", "+256772123456")
    told = [_told(BODY, Taken("new", transfer, fate), 0) for fate in (plain, same)]
    assert told[0] == told[1] == _told(BODY, Taken("known", transfer), 0) == transfer.view(0)


def test_what_the_desk_has_not_taken_in_is_never_told_as_paid() -> None:
    transfer = new_transfer(BODY, scenario.PAID, "content", "+256772123456")
    told = [_told(BODY, Taken("conflict", transfer), 0), _told(BODY, Taken("lost", fate=Fate("paid", recorded=False)), 0)]
    assert [entry and entry.get("status") for entry in told] == ["refused", None]  # type: ignore[attr-defined]
