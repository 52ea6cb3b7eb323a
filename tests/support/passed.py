"""Which proofs have passed for which tree, so that a control that has just passed need not pass again.

Owns the tree's digest (every file that git does not ignore, by name and content, and the Python that runs them) and the notes, below .payflow.
What is no work tree of git, such as a copy with a planted bug, has no digest: nothing is noted for it. Must not know what was proved.
"""

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NOTES = Path(".payflow") / "passed"


def files(root: Path = ROOT) -> list[str]:
    """What git knows or would know there, by name and sorted; what was deleted is left out. Raises CalledProcessError without git."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=root, capture_output=True, check=True).stdout.decode()
    return sorted(name for name in set(listed.split("\0")) if name and (root / name).is_file())


def digest(root: Path, names: Iterable[str]) -> str:
    """Of these files; two trees that differ in a byte or in a name differ here."""
    told = hashlib.sha256(sys.version.encode())
    for name in names:
        content = (root / name).read_bytes()
        told.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return told.hexdigest()


def tree(root: Path = ROOT) -> str | None:
    """The digest of a work tree as it stands now, committed or not; None where git knows none."""
    if not (root / ".git").exists():
        return None
    try:
        return digest(root, files(root))
    except (OSError, subprocess.CalledProcessError):
        return None


def note(kind: str, before: str | None, told: dict[str, Any], root: Path = ROOT) -> None:
    """It has passed, on the tree that tree() gave before it began; nothing is noted if the tree has changed since."""
    if before is None or tree(root) != before:
        return
    path = root / NOTES / f"{'-'.join([kind, *map(str, told.values())])}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps({"tree": before, "at": time.strftime("%Y-%m-%d %H:%M"), **told}))
    unfinished.replace(path)


def noted(kind: str, digested: str, root: Path = ROOT) -> list[dict[str, Any]]:
    """What of this kind has passed on this tree: what note() was told, and `at`, when."""
    found: list[dict[str, Any]] = [json.loads(path.read_text()) for path in sorted((root / NOTES).glob(f"{kind}-*.json"))]
    return [one for one in found if one["tree"] == digested]
