"""The views as they stand at the end: tables and their rows. Owns what a correct projection has written."""

import json
from typing import Any

from tests.unit.checker.story import ACCOUNT, ACME, BATCH, CREDIT, SIM, Story, T


def tables(story: Story, last: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    at = {row["value"]["source_offset"]: row for row in story.events}
    opened = next(row for row in story.events if row["value"]["command_type"] == "open_batch")
    sealed = next(row for row in story.events if row["value"]["command_type"] == "seal_batch")
    touched = [row for row in story.events if any(event.get("batch_id") == BATCH for event in row["value"]["events"])][-1]
    merchant = {"id": ACME, "name": "Acme Ltd", "main_currency": "UGX", "active": True, "partition": 0, "created_at": T}
    merchant |= {"key_required": True}
    batch = {"id": BATCH, "merchant_id": ACME, "partition": 0, "created_at": opened["value"]["at"], "name": "March"}
    batch |= {"updated_at": touched["value"]["at"], "phase": "released", "reference": None, "funding": "all_or_nothing"}
    batch |= {"on_row_failure": "continue", "source": "api", "submit": False, "idempotency_key": "b", "declaration": None}
    batch |= {"row_count": 2, "sums_minor": '{"UGX":1000}', "refusal_code": None, "refusal_detail": None}
    batch |= {"released_at": sealed["value"]["at"], "last_offset": touched["o"], "stopped_at": None, "waiting_rows": 0}
    batch |= {"refused_rows": None}
    own = [event for row in story.events for event in row["value"]["events"] if event.get("batch_id") == BATCH]
    batch |= {"version": sum(event["type"] in {"batch_opened", "rows_added", "batch_released"} for event in own)}
    credit = {"merchant_id": ACME, "reference": "in-1", "credit_id": CREDIT, "amount_minor": 10_000, "currency": "UGX"}
    totals = {"pending": (0, 0), "processing": (0, 0), "requires_action": (0, 0), "completed": (2, 1000)}
    place = {
        "partition": 0,
        "next_offset": last["o"] + 1,
        "next_source": len(story.commands),
        "last_at": last["value"]["at"],
    }
    return {
        "projection_offsets": [place],
        "merchants": [merchant],
        "bank_accounts": [_account_row(story)],
        "balances": _balances(story),
        "ledger_entries": story.entries,
        "payouts": sorted(story.payouts.values(), key=lambda row: row["id"]),
        "payout_changes": story.changes,
        "batches": [batch],
        "batch_totals": [
            {"batch_id": BATCH, "currency": "UGX", "status": status, "count": count, "amount_minor": amount}
            for status, (count, amount) in totals.items()
        ],
        "idempotency_answers": sorted(story.answers.values(), key=lambda row: row["key"]),
        "credits": [{**credit, "description": None, "created_at": at[1]["value"]["at"]}],
    }


def _account_row(story: Story) -> dict[str, Any]:
    known = story.account
    row = {"merchant_id": ACME, "id": ACCOUNT, "holder": known["holder"], "account_number": known["account_number"]}
    row |= {"ifsc": None, "bank_name": None, "account_type": "current", "verified": True, "is_primary": False}
    verification = json.dumps(known["verification"], separators=(",", ":"))
    return {**row, "created_at": story.added_at, "closed_at": known["closed_at"], "verification": verification}


def _balances(story: Story) -> list[dict[str, Any]]:
    """What is left: 10,000 came; 1,500 + 400 + 600 were paid; nothing is held; the house laid out two deposits of 32 and 7."""
    kept = {"external": -10_000, "available": 7500, "held": 0, f"clearing:{SIM}": 2539, "receivable": -39}
    rows = []
    for account, balance in kept.items():
        mine = [row for row in story.entries if row["account"] == account]
        row = {"merchant_id": ACME, "currency": "UGX", "account": account, "balance_minor": balance}
        rows.append({**row, "entry_count": len(mine), "partition": 0, "last_offset": mine[-1]["offset"]})
    return rows
