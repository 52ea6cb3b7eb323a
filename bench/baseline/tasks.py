"""The usual stack: one Celery task per payout, three transactions, the merchant's row locked for each that moves money.

Owns hold, pay and complete. The provider answers at once, in the process (only the stack is measured), or, in the
ladder, is called over HTTP. Runs in the baseline's own environment.
"""

import functools
import os
import uuid

from celery import Celery

from bench import rival_books
from bench.baseline.provider import Order
from bench.baseline.provider import pay as pay_at_provider
from bench.rows_file import Row

app = Celery("baseline", broker=os.environ.get("BASELINE_REDIS"))
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,  # a worker that dies must not lose a payout
    worker_prefetch_multiplier=4,
    broker_connection_retry_on_startup=True,
)

HOLD = """UPDATE merchants SET balance_minor = balance_minor - %(amount)s, held_minor = held_minor + %(amount)s,
    accepted = accepted + 1 WHERE id = %(merchant)s"""
NEW = """INSERT INTO payouts (id, merchant_id, batch_id, row_number, reference, amount_minor, currency, recipient, status, version,
    created_at) VALUES (%(id)s, %(merchant)s, %(batch)s, %(row)s, %(reference)s, %(amount)s, %(currency)s, %(recipient)s, 'pending', 1,
    now())"""
COMPLETE = """UPDATE merchants SET held_minor = held_minor - %(amount)s, paid_minor = paid_minor + %(amount)s,
    completed = completed + 1 WHERE id = %(merchant)s"""
ENTRIES = """INSERT INTO ledger_entries (merchant_id, account, amount_minor, payout_id, payout_count)
    VALUES (%(merchant)s, %(from)s, -%(amount)s, %(id)s, 1), (%(merchant)s, %(to)s, %(amount)s, %(id)s, 1)"""


@functools.cache
def books() -> rival_books.Books:
    """This worker's connection, kept."""
    return rival_books.connect(os.environ["DATABASE_URL"], os.environ["BASELINE_SCHEMA"])


@app.task(name="pay")
def pay(merchant: str, batch: str, row: int, msisdn: str, amount: int, currency: str, reference: str, name: str) -> None:
    """Pay one payout from its row to its end."""
    values = {"id": uuid.uuid4(), "merchant": merchant, "batch": batch, "row": row, "amount": amount, "currency": currency}
    values |= {"reference": reference, "recipient": f"{msisdn} {name}"}
    connection = books()
    with connection.transaction():
        _hold(connection, values)
    with connection.transaction():
        connection.execute("UPDATE payouts SET status = 'processing', version = 2 WHERE id = %(id)s", values)
    order = Order(str(values["id"]), Row(row, msisdn, amount, currency, reference, name))
    provider_reference = pay_at_provider(order)
    with connection.transaction():
        _complete(connection, values | {"provider_reference": provider_reference})


def _hold(connection: rival_books.Books, values: dict[str, object]) -> None:
    locked = connection.execute("SELECT balance_minor FROM merchants WHERE id = %(merchant)s FOR UPDATE", values).fetchone()
    if locked is None or locked[0] < int(str(values["amount"])):
        raise ValueError("insufficient funds")
    connection.execute(HOLD, values)
    connection.execute(NEW, values)
    connection.execute(ENTRIES, values | {"from": "available", "to": "held"})


def _complete(connection: rival_books.Books, values: dict[str, object]) -> None:
    connection.execute("SELECT 1 FROM merchants WHERE id = %(merchant)s FOR UPDATE", values)
    connection.execute(COMPLETE, values)
    connection.execute(
        "UPDATE payouts SET status = 'completed', version = 3, provider_reference = %(provider_reference)s, completed_at = now()"
        " WHERE id = %(id)s",
        values,
    )
    connection.execute(ENTRIES, values | {"from": "held", "to": "paid"})
