"""A broker or a database that goes away while a service starts is a refused start, in one line; everything else stays what it was."""

from collections.abc import Callable

import pytest
from aiokafka.errors import KafkaConnectionError

from runtime import starting


def _ends(code: int, error: Exception | None = None, *, later: bool = False) -> Callable[[], None]:
    def framework() -> None:
        try:
            if error is not None:
                raise error from (error if later else None)
        finally:
            raise SystemExit(code)

    return framework


@pytest.mark.parametrize(
    ("framework", "code"),
    [
        (_ends(1, KafkaConnectionError("no bootstrap")), 2),
        (_ends(1, TimeoutError()), 2),
        (_ends(3), 2),
        (_ends(0), 0),
        (_ends(1), 1),
        (_ends(1, ValueError("a bug")), 1),
        (_ends(1, KafkaConnectionError("in the middle of its work"), later=True), 1),
    ],
)
def test_what_is_away_at_the_start_refuses_it(
    framework: Callable[[], None], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        starting.run("rails", framework)
    assert ended.value.code == code
    assert ("rails: broker or database went away" in capsys.readouterr().err) == (code == 2)
