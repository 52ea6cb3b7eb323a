"""What the provider has said of each transfer, and when: the table `said` of its own books.

Owns the reading of these rows. A word is written down before it is given, so one that was cut off is here too. Must not judge.
"""

from typing import NamedTuple

from checker.evidence import Evidence


class Word(NamedTuple):
    """One answer of the provider: at (ms UTC), by which call (send or inquire), and which standing it names."""

    at: int
    call: str
    status: str
    code: str | None


class Said:
    """All words, by reference. Empty and not `known` where the books kept none."""

    def __init__(self, evidence: Evidence) -> None:
        """Reads the books."""
        self._words: dict[str, list[Word]] = {}
        for row in evidence.rows("books") or ():
            if row.get("table") == "said":
                word = Word(int(row["at"]), str(row.get("call")), str(row["status"]), row.get("code"))
                self._words.setdefault(str(row["reference"]), []).append(word)
        self.known = bool(self._words)

    def words(self, reference: str) -> list[Word]:
        """Of one transfer."""
        return self._words.get(reference, [])

    def says(self, reference: str, status: str, until: int | None = None) -> bool:
        """Whether the provider has said this, at latest at `until`."""
        return any(word.status == status and (until is None or word.at <= until) for word in self.words(reference))
