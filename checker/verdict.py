"""A verdict and how it is come by: what was looked at, what was found wrong, and where first.

Owns the three words (holds, violated, unknown). Nothing looked at is `unknown`, never `holds`. Must not know an invariant.
"""

from dataclasses import dataclass

HOLDS, VIOLATED, UNKNOWN = "holds", "violated", "unknown"


@dataclass(frozen=True)
class Verdict:
    """What was found for one invariant: `checked` things looked at, `violations` of them wrong, `first` the first place in words."""

    verdict: str
    checked: int
    first: str | None
    violations: int
    unknown_parts: tuple[str, ...] = ()
    """What could not be looked at because this run's harness did not write it down; the verdict says nothing of it."""

    def form(self) -> dict[str, object]:
        """As verdict.json has it."""
        told: dict[str, object] = {"verdict": self.verdict, "checked": self.checked, "first": self.first}
        told["violations"] = self.violations
        return told | ({"unknown_parts": list(self.unknown_parts)} if self.unknown_parts else {})


class Findings:
    """Collects while an invariant looks. The first failure's place is kept; evidence that is not there makes the verdict unknown."""

    def __init__(self) -> None:
        """Nothing looked at yet."""
        self.checked = 0
        self.violations = 0
        self.first: str | None = None
        self.absent: str | None = None
        self.parts: list[str] = []

    def look(self, count: int = 1) -> None:
        """So many more things were looked at."""
        self.checked += count

    def fail(self, where: str, what: str) -> None:
        """One thing is wrong: `where` is a topic/partition/offset, a payout, or file:line."""
        self.violations += 1
        if self.first is None:
            self.first = f"{where}: {what}"

    def need(self, right: bool, where: str, what: str) -> bool:
        """Look at one thing and note it if it is not right."""
        self.checked += 1
        if not right:
            self.fail(where, what)
        return right

    def lack(self, what: str) -> None:
        """Evidence is missing."""
        self.absent = self.absent or what

    def part(self, what: str) -> None:
        """Evidence of a part is missing that older runs did not keep: the rest can still be judged, and the verdict names the part."""
        if what not in self.parts:
            self.parts.append(what)

    def verdict(self) -> Verdict:
        """Violated before unknown before holds."""
        parts = tuple(self.parts)
        if self.violations:
            return Verdict(VIOLATED, self.checked, self.first, self.violations, parts)
        if self.absent is not None or not self.checked:
            return Verdict(UNKNOWN, self.checked, self.absent or "there was nothing to check", 0, parts)
        return Verdict(HOLDS, self.checked, None, 0, parts)
