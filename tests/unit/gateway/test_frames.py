"""The bytes on the wire are what a WebSocket client reads, at every length."""

import orjson
import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from services.gateway.live import frames


def _read(data: bytes) -> Frame:
    reader = StreamReader()
    reader.feed_data(data)
    parsing = Frame.parse(reader.read_exact, mask=False)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    assert not reader.buffer, "nothing is left behind the frame"
    frame: Frame = done.value.value
    return frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_a_text_frame_of_any_length(size: int) -> None:
    frame = _read(frames.text(b"x" * size))
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, b"x" * size)


def test_changes_and_states_are_json_with_the_cursor_behind_them() -> None:
    cursor = "3:26:50@demo"
    told = orjson.loads(_read(frames.changes('a"b', cursor, [b'{"row":1}', b'{"row":2}']).websocket).data)
    assert told == {"type": "changes", "channel": 'a"b', "cursor": cursor, "changes": [{"row": 1}, {"row": 2}]}
    stands = orjson.loads(_read(frames.state("batch", "c", cursor, b'{"id":"x"}').websocket).data)
    assert stands == {"type": "batch", "channel": "c", "cursor": cursor, "batch": {"id": "x"}}


def test_liv_01_a_server_sent_event_is_the_same_json_in_one_chunk() -> None:
    frame = frames.changes("c", "3:1:1@demo", [b'{"row":1}'], [b'{"id":"x"}'], 2)
    size, _, rest = frame.event.partition(b"\r\n")
    assert rest[int(size, 16) :] == b"\r\n"
    assert rest[: int(size, 16)] == b"data: " + frame.payload + b"\n\n"
    assert frame.event is frame.event, "wrapped once"
    assert orjson.loads(frame.payload)["left"] == [{"id": "x"}]
    assert orjson.loads(frame.payload)["folded"] == 2
