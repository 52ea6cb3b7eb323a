"""Bytes to message and back. Old versions are read here for ever, and upgraded here and nowhere else (RUN-27).

Owns the wire form of `payouts.commands` and `payouts.events`: one JSON object a record. Must not know a broker. Strict: a
wrong type, an unknown `type` or a version we have not learned is CodecError, never a guess.
"""

from typing import TypeVar

import msgspec

from schemas.commands import CommandRecord
from schemas.events import EventRecord

VERSION = 1

T = TypeVar("T")


class CodecError(ValueError):
    """The bytes are not a message we can read; `str(error)` names the place and the fault."""


_command = msgspec.json.Decoder(CommandRecord)
_event = msgspec.json.Decoder(EventRecord)
_encoder = msgspec.json.Encoder()


def encode(record: CommandRecord | EventRecord) -> bytes:
    """The record as UTF-8 JSON. The same record gives the same bytes."""
    return _encoder.encode(record)


def decode_command(value: bytes | None) -> CommandRecord:
    """A command record. Raises CodecError."""
    record = _decode(_command, value)
    _check_version(record.v)
    return record


def decode_event(value: bytes | None) -> EventRecord:
    """An event record. Raises CodecError; a reader of money must halt on it, never skip."""
    record = _decode(_event, value)
    _check_version(record.v)
    return record


def _check_version(version: int) -> None:
    if version != VERSION:
        raise CodecError(f"version {version} is not known, this reader knows up to {VERSION}")


def _decode(decoder: "msgspec.json.Decoder[T]", value: bytes | None) -> T:
    if value is None:
        raise CodecError("the record has no value")
    try:
        return decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError(str(error)) from error
