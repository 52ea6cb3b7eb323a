"""The built files, in memory: found by path, with type, ETag and a compressed form.

Owns the list of what may be given: only files that stand in the folder, by their own names, so that no path leads out of it. A new build is
seen without a restart. Must not know HTTP beyond the values of headers.
"""

import gzip
import hashlib
import mimetypes
import time
from pathlib import Path
from typing import NamedTuple

INDEX = "/index.html"
LOOK_SECONDS = 1.0
COMPRESSED = frozenset({".html", ".js", ".css", ".svg", ".json", ".map", ".webmanifest", ".txt"})
FILE_BYTES_MAX = 16 * 1024 * 1024
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
TYPES |= {
    ".html": "text/html",
    ".json": "application/json",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}


class File(NamedTuple):
    """One file. `packed` is its gzip form, or None where that is not worth it. `etag` is strong for `body`."""

    path: str
    content_type: str
    etag: str
    body: bytes
    packed: bytes | None


class Files:
    """What stands in a folder now, or nothing while it is not there."""

    def __init__(self, folder: Path) -> None:
        """Reads at the first question."""
        self._folder = folder.absolute()
        self._stamp: tuple[tuple[str, int, int], ...] | None = None
        self._files: dict[str, File] = {}
        self._looked_at = float("-inf")

    @property
    def folder(self) -> Path:
        """Where they are."""
        return self._folder

    @property
    def is_built(self) -> bool:
        """Whether there is a page to give."""
        self._look()
        return INDEX in self._files

    def find(self, path: str) -> File | None:
        """The file of a path such as `/assets/main-3f2a.js`; None for what is none."""
        self._look()
        return self._files.get(path)

    def _look(self) -> None:
        """Read anew what has changed, at most once in LOOK_SECONDS."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        found = self._walked()
        stamp = tuple((name, stat[0], stat[1]) for name, (_, stat) in sorted(found.items()))
        if stamp != self._stamp:
            self._files = {name: _read(name, place) for name, (place, _) in found.items()}
            self._stamp = stamp

    def _walked(self) -> dict[str, tuple[Path, tuple[int, int]]]:
        """Path to place, and when it was changed, of every plain file; links are passed over: they may lead out."""
        found = {}
        for place in self._folder.rglob("*") if self._folder.is_dir() else ():
            if place.is_symlink() or not place.is_file():
                continue
            stat = place.stat()
            if stat.st_size <= FILE_BYTES_MAX:
                found["/" + place.relative_to(self._folder).as_posix()] = (place, (stat.st_mtime_ns, stat.st_size))
        return found


def _read(path: str, place: Path) -> File:
    body = place.read_bytes()
    suffix = place.suffix.lower()
    packed = gzip.compress(body, 9, mtime=0) if suffix in COMPRESSED else None
    if packed is not None and len(packed) >= len(body):
        packed = None
    kind = TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return File(path, kind + ("; charset=utf-8" if kind.startswith("text/") else ""), etag, body, packed)
