"""The bytes on the wire are what a WebSocket client reads, at every length."""

import orjson
import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from services.gateway.live import frames
from services.gateway.live.cursor import Cursor


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
    cursor = Cursor(3, 26, 50)
    told = orjson.loads(_read(frames.changes('a"b', cursor, [b'{"row":1}', b'{"row":2}'])).data)
    assert told == {"type": "changes", "channel": 'a"b', "cursor": "3:26:50", "changes": [{"row": 1}, {"row": 2}]}
    stands = orjson.loads(_read(frames.state("batch", "c", cursor, b'{"id":"x"}')).data)
    assert stands == {"type": "batch", "channel": "c", "cursor": "3:26:50", "batch": {"id": "x"}}
