"""The usual stack's front: reads a file and puts one task per row into Redis.

Owns nothing but that. A line in is `path merchant merchant ...`: the rows go to the merchants in turn. Runs in the
baseline's own environment.
"""

import sys
import time
import uuid
from pathlib import Path

from bench import rows_file
from bench.baseline.tasks import app, pay


def main() -> None:
    """Answer each file with the seconds it took to enqueue."""
    with app.producer_pool.acquire(block=True) as producer:
        while not app.control.ping(timeout=0.5):
            time.sleep(0.1)
        print("ready", flush=True)
        for line in sys.stdin:
            path, *merchants = line.split()
            start, batch = time.perf_counter(), str(uuid.uuid4())
            with Path(path).open(encoding="utf-8", newline="") as file:
                for row in rows_file.read(file):
                    pay.apply_async((merchants[row.number % len(merchants)], batch, *row), producer=producer)
            print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
