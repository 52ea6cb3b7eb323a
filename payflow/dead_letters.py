"""`payflow dead-letters`: list, show, redrive, discard (RUN-24).

Owns the words of the command line and its exit codes: 0 done or done before, 1 refused or not there, 2 not possible now. The work is done
in `runtime.dead_letter_desk`, the masking in `runtime.dead_letter_text`.
"""

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from aiokafka.errors import KafkaError

from runtime.dead_letter_book import Book
from runtime.dead_letter_desk import Desk, Outcome
from runtime.dead_letter_text import described, table
from runtime.dead_letter_watch import read_book
from runtime.event_log.guard import check_topics
from runtime.settings import RefusedStartError, ServiceSettings, load, refuse
from schemas.topics import DEAD_LETTERS

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show bytes and reasons as they are: they may hold personal data.")]
By = Annotated[str, typer.Option("--by", help="Who does it; it is written down.", default_factory=getpass.getuser)]
REVEALED = "REVEALED: what follows is not masked and may hold personal data."

T = TypeVar("T")


def list_letters(
    every: Annotated[bool, typer.Option("--all", help="Also those that were redriven or discarded.")] = False,
    as_json: AsJson = False,
    reveal: Reveal = False,
) -> None:
    """Dead letters that wait for a decision, oldest first; masked. Warns when there are DEAD_LETTERS_MAX or more."""
    settings = _settings()
    book = _run(lambda: read_book(settings.kafka_bootstrap_servers, settings.kafka_partitions))
    letters = sorted(book.letters.values(), key=lambda one: (one.failed_at, one.id)) if every else book.open_letters()
    count, limit = len(book.open_letters()), settings.dead_letters_max
    if as_json:
        shown = [described(book, letter, reveal=reveal) for letter in letters]
        summary = {"open": count, "max": limit, "over_limit": count >= limit, "damaged": book.damaged, "masked": not reveal}
        _say_json({**summary, "letters": shown})
    else:
        for line in [REVEALED, *_revealed(book, letters)] if reveal else table(book, letters):
            typer.echo(line)
        typer.echo(f"{count} open, {len(book.letters)} in all; at {limit} open ones partitions wait")
    if count >= limit:  # who meets another one waits from here on, as `DeadLetters.keep` has it
        typer.echo(f"WARNING: {count} dead letters are open, DEAD_LETTERS_MAX={limit}: see the runbook", err=True)
    if book.damaged:
        typer.echo(f"WARNING: {book.damaged} records of {DEAD_LETTERS.name} are no dead letters", err=True)


def show(letter_id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False, reveal: Reveal = False) -> None:
    """One dead letter (topic:partition:offset of the original); masked: sizes, names and types."""
    settings = _settings()
    book = _run(lambda: read_book(settings.kafka_bootstrap_servers, settings.kafka_partitions))
    letter = book.letters.get(letter_id)
    if letter is None:
        typer.echo(f"{letter_id}: there is no such dead letter", err=True)
        raise typer.Exit(1)
    told = {**described(book, letter, reveal=reveal), "masked": not reveal}
    if as_json:
        _say_json(told)
        return
    if reveal:
        typer.echo(REVEALED)
    for name, value in told.items():
        typer.echo(f"{name:<12} {value if isinstance(value, str | int | None) else json.dumps(value)}")


def redrive(ids: Annotated[list[str], typer.Argument(metavar="ID...")], by: By, as_json: AsJson = False) -> None:
    """Put the original bytes back on the topic they came from; once per letter, at most 3 times per record."""
    _act(ids, by, as_json, lambda desk, letter_id: desk.redrive(letter_id))


def discard(
    ids: Annotated[list[str], typer.Argument(metavar="ID...")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is written down, so name no person.")],
    by: By,
    as_json: AsJson = False,
) -> None:
    """Close dead letters for good, with a reason. Nothing is deleted."""
    if not reason.strip():
        typer.echo("discarding needs a --reason", err=True)
        raise typer.Exit(1)
    _act(ids, by, as_json, lambda desk, letter_id: desk.discard(letter_id, reason.strip()))


def _act(ids: list[str], by: str, as_json: bool, action: Callable[[Desk, str], Awaitable[Outcome]]) -> None:
    settings = _settings()

    async def work() -> list[Outcome]:
        async with Desk(settings.kafka_bootstrap_servers, settings.kafka_partitions, by) as desk:
            return [await action(desk, letter_id) for letter_id in dict.fromkeys(ids)]

    outcomes = _run(work)
    if as_json:
        _say_json([outcome._asdict() for outcome in outcomes])
    else:
        for outcome in outcomes:
            typer.echo(f"{outcome.letter}: {outcome.text}")
    raise typer.Exit(int(any(outcome.refused for outcome in outcomes)))


def _revealed(book: Book, letters: list[Any]) -> list[str]:
    return [json.dumps(described(book, letter, reveal=True)) for letter in letters]


def _settings() -> ServiceSettings:
    try:
        settings = load(ServiceSettings)
        asyncio.run(check_topics(settings, [DEAD_LETTERS.name]))
    except RefusedStartError as error:
        refuse("dead-letters", error)
    return settings


def _run(work: Callable[[], Any]) -> Any:
    try:
        return asyncio.run(work())
    except (KafkaError, OSError, TimeoutError) as error:
        _away(error)


def _away(error: Exception) -> NoReturn:
    refuse("dead-letters", RefusedStartError(f"the broker went away ({type(error).__name__}); nothing is lost: try again"))


def _say_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2))
