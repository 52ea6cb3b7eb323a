"""Measures the mini pipeline: from reading the file to the last row completed in Postgres, many merchants and one.

Owns starting its four processes and reading its clock, and its two forms: the guide's (a worker on Faust; each payout is inserted, then
updated) and the lean one (no Faust; changes of one poll are folded into one write), which nobody has measured the targets against.
"""

import asyncio
import time
from typing import Any

from bench import rival_books, rows_file
from bench.costs import Meter
from bench.door import Door, check_all, doors
from bench.ground import Ground
from bench.mini import wire
from bench.mini.promises import NONE, Promises

SCHEMA = "bench_mini"
GUIDES, LEAN = "mini", "lean mini"
WORKERS = {GUIDES: "bench.mini.faust_worker", LEAN: "bench.mini.worker"}
WRITES = {GUIDES: "each", LEAN: "folded"}
WARM_UP = 800
MERCHANTS = [f"m{number:03d}" for number in range(100)]


def measure(ground: Ground, rows: int, tag: str, form: str) -> dict[str, dict[str, Any]]:
    """Both cases in one start."""
    tag = f"{form.replace(' ', '-')}-{tag}"
    rival_books.prepare(ground.database_url, SCHEMA, [*MERCHANTS, "hot"])
    asyncio.run(wire.make_topics(ground.bootstrap, tag))
    with doors(wanted(ground, tag, form, Promises(), NONE), env=ground.environ, folder=ground.folder / "mini") as opened:
        one(ground, opened, WARM_UP, f"{tag}-warm", MERCHANTS[: wire.PARTITIONS])
        ground.settle()
        many = one(ground, opened, rows, f"{tag}-many", MERCHANTS)
        ground.settle()
        return {
            f"{form}, many merchants": many,
            f"{form}, one hot merchant": one(ground, opened, rows, f"{tag}-hot", ["hot"]),
        }


def wanted(ground: Ground, tag: str, form: str, promises: Promises, provider_url: str) -> dict[str, list[str]]:
    """Its processes: names, modules and arguments."""
    ends, said = (ground.bootstrap, tag), str(promises)
    books = (ground.database_url, SCHEMA)
    return {
        "mini projector": ["bench.mini.projector", *ends, *books, WRITES[form], said],
        "mini rails": ["bench.mini.rails", *ends, provider_url, said],
        "mini worker": [WORKERS[form], *ends, *(() if form == LEAN else (*books, said))],
        "mini ingest": ["bench.mini.ingest", *ends, said],
    }


def one(ground: Ground, opened: dict[str, Door], rows: int, tag: str, merchants: list[str], **more: int) -> dict[str, Any]:
    """A file of each merchant, from its reading to the last row completed; `more` are process ids to be counted with."""
    share = rows // len(merchants)
    orders = []
    for merchant in merchants:
        path = ground.folder / f"mini-{tag}-{merchant}.csv"
        path.write_bytes(rows_file.text(share, f"{tag}-{merchant}"))
        orders.append(f"{path} {merchant}")
    rows, front = share * len(merchants), opened["mini ingest"]
    pids = {name: door.process.pid for name, door in opened.items()} | more
    with rival_books.connect(ground.database_url, SCHEMA, autocommit=True) as connection, Meter(ground, pids) as meter:
        following = rival_books.Following(connection)
        for order in orders:
            front.tell(order)
        for _ in orders:
            front.answer("done")
        durable = time.perf_counter() - following.start
        following.until_completed(rows, lambda: check_all(opened), pause=0.02)
    with rival_books.connect(ground.database_url, SCHEMA) as connection:
        rival_books.proved(connection, rival_books.counts(connection)[1])
    figures = {
        "durable_rows_per_s": rows / durable,
        "visible_rows_per_s": rows / following.seconds_until(1, rows),
        "completed_rows_per_s": rows / following.seconds_until(2, rows),
        "first_row_visible_s": following.seconds_until(1, 1),
    }
    return {"rows": rows, "figures": figures, "costs": meter.report(rows), "samples": following.samples}
