"""`python -m checker dump <run>` and `python -m checker judge <run>`.

Owns the command line. Exit code of judge: 0 only when all hold.
"""

import argparse
import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from checker.judging import all_hold, judge_folder, table


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked; returns the exit code."""
    asked = _parser().parse_args(arguments)
    if asked.verb == "judge":
        verdicts = judge_folder(asked.run)
        print("\n".join(table(verdicts)))
        return 0 if all_hold(verdicts) else 1
    from checker.dump.everything import Places, dump

    places = Places(
        asked.bootstrap, asked.database_url, asked.schema, asked.rebuilt_schema, asked.books, asked.commands, asked.events,
        tuple(asked.dead_letters),
    )  # fmt: skip
    for line in dump(asked.run, places):
        print(line)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="checker", description="Judges what a run left behind, independently of the product."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    judging = verbs.add_parser("judge", help="fold the evidence again and give a verdict per invariant")
    judging.add_argument("run", type=Path, help="the evidence folder")
    dumping = verbs.add_parser("dump", help="read topics, views and the provider's books into the evidence folder")
    dumping.add_argument("run", type=Path, help="the evidence folder")
    dumping.add_argument("--bootstrap", help="Kafka: host:port; without it no topic is read")
    dumping.add_argument("--database-url", help="Postgres; without it no view is read")
    dumping.add_argument("--schema", default="payflow", help="the schema of the live views (default: payflow)")
    dumping.add_argument("--rebuilt-schema", help="the schema of views rebuilt from offset 0")
    dumping.add_argument("--books", type=Path, help="the provider simulator's SQLite file")
    dumping.add_argument("--commands", default="payouts.commands", help="topic (default: %(default)s)")
    dumping.add_argument("--events", default="payouts.events", help="topic (default: %(default)s)")
    dumping.add_argument("--dead-letters", nargs="*", default=["payouts.dead-letters"], help="topics (default: %(default)s)")
    return parser


if __name__ == "__main__":
    gc.disable()  # millions of rows that live to the end, and no cycles
    sys.exit(main())
