"""The simulator's failure codes as ours: the one reviewed list of this rail (RAI-13).

Each says whether the failure is definite and may be tried again, and in words what went wrong. A code that is not here counts as unknown.
"""

from typing import NamedTuple


class Failure(NamedTuple):
    """Our code, whether a further try can succeed, and the text an operator reads."""

    code: str
    retryable: bool
    reason: str


CODES: dict[str, Failure] = {
    "payee_unknown": Failure("payee_unknown", retryable=False, reason="The provider does not know this payee."),
    "account_closed": Failure("payee_account_closed", retryable=False, reason="The payee's account is closed."),
    "payee_limit_reached": Failure("payee_limit_reached", retryable=False, reason="The payee may not receive this much."),
    "provider_busy": Failure("provider_busy", retryable=True, reason="The provider is busy."),
    "payee_provider_down": Failure("payee_provider_down", retryable=True, reason="The payee's provider is down."),
    "bad_request": Failure(
        "provider_refused_request", retryable=False, reason="The provider refused the request as invalid."
    ),
}
