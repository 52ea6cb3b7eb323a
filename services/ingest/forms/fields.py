"""What the forms have in common: text, names, times and references as fields, and how a request form is made.

Owns these words. Amounts have a room of their own. Must not know a form.
"""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from domain.intake.text import DESCRIPTION_MAX, LINE_PATTERN, REFERENCE_MAX, TEXT_PATTERN, VALUE_MAX
from schemas.ids import MERCHANT_ID_PATTERN

ACCOUNT_NUMBER = r"^[A-Za-z0-9][A-Za-z0-9 ./-]{3,32}[A-Za-z0-9]$"
IFSC = "^[A-Z]{4}0[A-Z0-9]{6}$"
CURRENCY_CODE = "^[A-Z]{3}$"

REFERENCE = Field(
    None,
    description="The merchant's own reference, unique for ever.",
    min_length=1,
    max_length=REFERENCE_MAX,
    pattern=LINE_PATTERN,
)
DESCRIPTION = Field(None, description="Free text.", max_length=DESCRIPTION_MAX, pattern=TEXT_PATTERN)
LINE = Field(None, max_length=VALUE_MAX, pattern=LINE_PATTERN)
"""A text in one line that may be left out or empty: a reason, the name of a bank."""
NAME: dict[str, Any] = {"min_length": 1, "max_length": VALUE_MAX, "pattern": LINE_PATTERN}
"""What holds of a name, whether it may be left out or not."""
SOMETHING = {"minProperties": 1}
"""A change that changes nothing is refused."""
MERCHANT = Field(
    None,
    description="Another way to name the merchant; must agree with X-Merchant-Id.",
    pattern=MERCHANT_ID_PATTERN,
)
VERSION = Field(None, ge=1, description="The version you saw; another one is 409.")
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Date = Annotated[str, Field(json_schema_extra={"format": "date"})]


def need(*names: str, **types: object) -> dict[str, Any]:
    """A branch of a form: these members, and of these types."""
    return {"required": list(names), "properties": {name: types.get(name, {"type": "string"}) for name in names}}


def form(*rules: dict[str, Any], **examples: Any) -> ConfigDict:
    """A request form: no other members, the rules that no single member can say, and examples by name."""
    extra: dict[str, Any] = {"allOf": list(rules)} if rules else {}
    return ConfigDict(
        extra="forbid", json_schema_extra={**extra, "examples": list(examples.values())} if examples else extra
    )
