"""Settings from files: `<NAME>_FILE` names a file whose content is the setting NAME (SEC-19).

Owns reading them, as container platforms hand out secrets. An empty file gives nothing. Must not know which
settings there are.
"""

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

SUFFIX = "_FILE"
BYTES_MAX = 64 * 1024


class SecretFileError(Exception):
    """A file that the environment names cannot be used; the text says which variable, never what is in the file."""


class SecretFiles(PydanticBaseSettingsSource):
    """A source of settings behind the environment."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        """For the fields of this class, by their aliases."""
        super().__init__(settings_cls)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The content of the file without the line's end; None for an empty one. Raises SecretFileError."""
        name = (field.alias or field_name).upper()
        path = os.environ.get(name + SUFFIX)
        if not path:
            return None, field.alias or field_name, False
        content = _content(name + SUFFIX, Path(path))
        if content and os.environ.get(name):
            raise SecretFileError(f"{name} and {name}{SUFFIX} are both set: unset one of them")
        return content or None, field.alias or field_name, False

    def __call__(self) -> dict[str, Any]:
        """The settings that files give."""
        found = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {name: value for value, name, _ in found if value is not None}


def _content(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
        if len(content) > BYTES_MAX:
            raise SecretFileError(f"{variable} names a file of more than {BYTES_MAX} bytes")
        return content.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SecretFileError(f"{variable} names a file that cannot be read ({type(error).__name__})") from None
