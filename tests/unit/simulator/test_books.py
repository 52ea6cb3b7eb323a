"""The provider's books on a real file: found again after a restart, in order, and by one process at a time (SIM-01)."""

import sqlite3
from pathlib import Path

import pytest

from services.simulator import file as module
from services.simulator.books import Books
from services.simulator.file import ROWS_MAX, BooksInUseError
from services.simulator.transfers import Said, Transfer

BEFORE = """
CREATE TABLE transfers (
    reference TEXT PRIMARY KEY, amount TEXT NOT NULL, currency TEXT NOT NULL, payee TEXT NOT NULL, content TEXT NOT NULL,
    status TEXT NOT NULL, code TEXT, retryable INTEGER NOT NULL, provider_reference TEXT NOT NULL,
    received_at INTEGER NOT NULL, pays_at INTEGER
) WITHOUT ROWID;
CREATE INDEX transfers_payee ON transfers (payee);
"""
"""The file as the version before had it."""


def _transfer(reference: str, at: int = 1, payee: str = "+256772000001", code: str | None = None) -> Transfer:
    status = "paid" if code is None else "failed"
    return Transfer(reference, "10.00", "USD", payee, "hash", status, code, code is not None, f"SIM-{reference}", at)


async def _book(books: Books, *transfers: Transfer) -> None:
    for transfer in transfers:
        books.note(transfer)
    await books.book(transfers)


async def test_every_line_of_a_long_request_is_found_by_its_own_reference(tmp_path: Path) -> None:
    books = Books(tmp_path)
    some = [_transfer(f"{n * 7919 % 1000:03d}", at=n) for n in range(2 * ROWS_MAX + 7)]
    await _book(books, *some[:3])
    await _book(books, *some[3:])
    assert [books.find(transfer.reference) for transfer in some] == some
    assert books.find_many(["nowhere", *(transfer.reference for transfer in some)]) == {t.reference: t for t in some}
    assert books.find("nowhere") is None
    books.close()


async def test_the_books_are_the_same_after_a_restart_and_go_on(tmp_path: Path) -> None:
    books, known = Books(tmp_path), [_transfer("b"), _transfer("a", code="provider_busy")]
    await _book(books, *known)
    await books.say([Said("a", 2, "send", "failed", "provider_busy")])
    books.close()
    again = Books(tmp_path)
    assert again.find_many(["a", "b"]) == {transfer.reference: transfer for transfer in known}
    await _book(again, _transfer("c"))
    assert [transfer.reference for transfer in again.page("", 10)] == ["a", "b", "c"]
    assert [tuple(line.values()) for line in again.summary(9)] == [("failed", "USD", 1), ("paid", "USD", 2)]
    again.close()


async def test_pages_are_in_order_of_reference_whatever_comes_between_them(tmp_path: Path) -> None:
    books = Books(tmp_path)
    await _book(books, *(_transfer(name) for name in ("d", "b", "f")))
    assert [transfer.reference for transfer in books.page("", 2)] == ["b", "d"]
    await _book(books, *(_transfer(name) for name in ("e", "a")))
    assert [transfer.reference for transfer in books.page("d", 2)] == ["e", "f"]
    assert books.page("f", 2) == []
    books.close()


async def test_transfers_to_a_payee_that_is_counted_are_counted_before_and_after_they_are_durable(tmp_path: Path) -> None:
    books, payee = Books(tmp_path), "+256700000002"
    books.note(_transfer("a", payee=payee))
    assert books.count_to(payee) == 1
    await _book(books, _transfer("a", payee=payee), _transfer("b", payee=payee), _transfer("c"))
    assert books.count_to(payee) == 2
    books.close()


async def test_books_of_the_version_before_are_taken_over_in_the_order_they_came(tmp_path: Path) -> None:
    old = [_transfer(name, at=at, payee="+256700000002") for name, at in (("c", 1), ("a", 2), ("b", 3))]
    with sqlite3.connect(tmp_path / "books.sqlite") as link:
        link.executescript(BEFORE)
        link.executemany(f"INSERT INTO transfers VALUES ({', '.join('?' * len(Transfer._fields))})", old)
    link.close()
    for _ in range(2):
        books = Books(tmp_path)
        assert books.find_many(["a", "b", "c"]) == {transfer.reference: transfer for transfer in old}
        assert books.count_to("+256700000002") == 3
        books.close()
    with sqlite3.connect(tmp_path / "books.sqlite") as link:
        assert link.execute("SELECT reference FROM transfers ORDER BY rowid").fetchall() == [("c",), ("a",), ("b",)]
    link.close()


def test_two_processes_never_have_the_same_books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.1)
    books = Books(tmp_path)
    with pytest.raises(BooksInUseError):
        Books(tmp_path)
    books.close()
    Books(tmp_path).close()
