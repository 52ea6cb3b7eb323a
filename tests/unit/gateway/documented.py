"""Every message that a test hears is one that the AsyncAPI document describes (API-30, LIV-01)."""

from typing import Any

import jsonschema

from payflow.asyncapi_feed import TOLD

_VALIDATORS = {
    schema["properties"]["type"]["const"]: jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    for schema in TOLD.values()
}


def documented(message: dict[str, Any]) -> dict[str, Any]:
    """The message, if it is what the document says of its type, and has no member that it does not name."""
    validator = _VALIDATORS[message["type"]]
    validator.validate(message)
    unknown = message.keys() - validator.schema["properties"].keys()
    assert not unknown, f"{message['type']} has {unknown}, which the document does not"
    return message
