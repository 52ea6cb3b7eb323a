"""What the provider did wrong in a run, by kind (F20 to F23), from its own books.

Owns the kinds and the counting. The payees that bring them about are in docs/simulator.md. Must not judge.
"""

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

SCRIPTED = {
    3: "in progress, never heard of again", 4: "time-out after paying", 6: "time-out before paying", 8: "5xx before paying",
    9: "5xx after paying", 10: "garbage", 11: "wrong amount", 14: "429", 16: "in progress, then silence",
}  # fmt: skip
"""Last digits of a magic payee -> what went wrong with each transfer to it that the books have."""
TOLD = ("duplicate answer", "early answer", "late answer", "contradictory answer")
"""What is seen from the answers only."""
KINDS = (*SCRIPTED.values(), *TOLD)
LATE_MS = 3_000
"""The engine gives up waiting after this time in these runs (PAYOUT_PROCESSING_TIMEOUT_SECONDS)."""
_MAGIC = re.compile(r"(?:\+?25670000|99990000)(\d{4})")

Transfer = tuple[str, str, int]
"""reference, payee, received_at"""
Said = tuple[str, int, str, str]
"""reference, at, call, status: in the order of telling"""


def read(books: Path) -> dict[str, int]:
    """Kind -> how often, from the provider's file."""
    link = sqlite3.connect(f"file:{books}?mode=ro", uri=True)
    try:
        transfers = link.execute("SELECT reference, payee, received_at FROM transfers").fetchall()
        return count(transfers, link.execute("SELECT reference, at, call, status FROM said ORDER BY number"))
    finally:
        link.close()


def count(transfers: Iterable[Transfer], said: Iterable[Said]) -> dict[str, int]:
    """Kind -> how often; a kind that never came is told as 0."""
    found: Counter[str] = Counter()
    received: dict[str, int] = {}
    for reference, payee, at in transfers:
        received[reference] = at
        magic = _MAGIC.fullmatch(payee)
        if magic is not None and int(magic[1]) in SCRIPTED:
            found[SCRIPTED[int(magic[1])]] += 1
    told: defaultdict[str, list[Said]] = defaultdict(list)
    for line in said:
        told[line[0]].append(line)
    for reference, lines in told.items():
        found.update(_kinds(lines, received.get(reference)))
    return {kind: found[kind] for kind in KINDS}


def _kinds(lines: list[Said], received: int | None) -> list[str]:
    """What is wrong with the answers on one transfer: told twice, by an inquiry before the send returned, late, or both paid and failed."""
    final = [(at, call, status) for _, at, call, status in lines if status in {"paid", "failed"}]
    statuses = [status for _, _, status in final]
    calls = [call for _, call, _ in final]
    sent = [at for at, call, _ in final if call == "send"]
    found = {
        "duplicate answer": len(statuses) > len(set(statuses)),
        "early answer": "inquire" in calls and "send" in calls[calls.index("inquire") :],
        "late answer": bool(sent) and received is not None and sent[0] - received >= LATE_MS,
        "contradictory answer": len(set(statuses)) > 1,
    }
    return [kind for kind, so in found.items() if so]
