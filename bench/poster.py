"""Sends single POSTs from a process of its own: `python -m bench.poster <url> <merchant> <start>`, a door: `go`, then `end`.

Owns nothing but the wish not to share an interpreter with an upload: its POSTs would wait for the interpreter, not for the product.
"""

import json
import sys
import threading

from bench.door import READY
from bench.posts import Posts, send


def main(url: str, merchant: str, start: str) -> None:
    """Post from `go` to `end`, then print the answers as one line."""
    posts, ended = Posts(), threading.Event()
    print(READY, flush=True)
    sys.stdin.readline()
    threading.Thread(target=lambda: (sys.stdin.readline(), ended.set()), daemon=True).start()
    send(url, merchant, 10**9, posts, ended, float(start))
    print(json.dumps(posts.answers), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
