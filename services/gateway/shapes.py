"""The words that documented forms are made of, as JSON Schemas (API-30). Must not know a form."""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
YES_NO: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
UUID: Schema = {"type": "string", "format": "uuid"}


def named(name: str) -> Schema:
    """A form of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(of: Schema) -> Schema:
    """A list of them."""
    return {"type": "array", "items": of}


def maybe(schema: Schema) -> Schema:
    """It or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def shape(description: str, /, **members: Schema) -> Schema:
    """An object in which all of these stand; readers ignore members they do not know."""
    return {"type": "object", "description": description, "required": list(members), "properties": members}
