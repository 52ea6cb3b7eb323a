"""Golden messages: what was ever written stays readable for ever (RUN-27). An example is added, never changed."""

import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import pytest

import schemas
from schemas.codec import CodecError, decode_command, decode_event, encode
from schemas.commands import Command
from schemas.events import AnyEvent

ROOT = Path(schemas.__file__).parent
KINDS: dict[str, tuple[Any, str, Any]] = {
    "payouts.commands": (decode_command, "commands.json", Command),
    "payouts.events": (decode_event, "events.json", AnyEvent),
}
EXAMPLES = [(topic, path) for topic in KINDS for path in sorted((ROOT / "examples" / topic).glob("v*/*.json"))]


@pytest.mark.parametrize(("topic", "path"), EXAMPLES, ids=lambda value: getattr(value, "stem", value))
def test_an_example_decodes_and_re_encodes_to_the_same_meaning(topic: str, path: Path) -> None:
    decode = KINDS[topic][0]
    assert json.loads(encode(decode(path.read_bytes()))) == json.loads(path.read_text())


@pytest.mark.parametrize(("topic", "path"), EXAMPLES, ids=lambda value: getattr(value, "stem", value))
def test_an_example_is_valid_by_the_exported_schema(topic: str, path: Path) -> None:
    schema = json.loads((ROOT / "exported" / KINDS[topic][1]).read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(path.read_text()))


@pytest.mark.parametrize("topic", KINDS)
def test_every_type_has_an_example(topic: str) -> None:
    tags = {str(kind.__struct_config__.tag) for kind in get_args(KINDS[topic][2])}
    assert {path.stem for name, path in EXAMPLES if name == topic} == tags


@pytest.mark.parametrize(("topic", "path"), EXAMPLES, ids=lambda value: getattr(value, "stem", value))
def test_a_wrong_type_or_an_unknown_tag_is_never_guessed(topic: str, path: Path) -> None:
    decode, record = KINDS[topic][0], json.loads(path.read_text())
    for damage in ({"merchant_id": 5}, {"at": "now"}, {"at": 1.5}, {"v": 99}):
        with pytest.raises(CodecError):
            decode(json.dumps({**record, **damage}).encode())
    part = record["body"] if "body" in record else record["events"][0]
    part["type"] = "payout_teleported"
    with pytest.raises(CodecError):
        decode(json.dumps(record).encode())


@pytest.mark.parametrize("value", [None, b"", b"{", b"null", b"[]", b"\xff", b'{"id":1}', b"[" * 100_000])
@pytest.mark.parametrize("decode", [decode_command, decode_event])
def test_unreadable_bytes_are_a_codec_error(decode: Any, value: bytes | None) -> None:
    with pytest.raises(CodecError):
        decode(value)


def test_the_same_record_gives_the_same_bytes() -> None:
    record = decode_event((ROOT / "examples/payouts.events/v1/rows_added.json").read_bytes())
    assert encode(record) == encode(msgspec.structs.replace(record))
