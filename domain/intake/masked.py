"""Masked payees that come back: who may not read a payee must not be able to overwrite it with what was shown instead (LIF-05, SEC-07).

Owns what is put back where the masked value stands in the place of the one it hides, and the fault where nobody can say which one it hides.
Must not know who may read what.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from domain.intake.faults import Fault, step
from schemas.masking import masked_recipient

Json = Mapping[str, Any]
PAYEE = "recipient_details"
MASKED = "is masked: it only stands for a value that you may not read; leave the payee out, or send the whole value"


def masked_members(kept: Mapping[str, str] | None, sent: Mapping[str, str]) -> list[str]:
    """The members of a payee that were sent as masked forms of what is kept under the same name."""
    known = kept or {}
    return [name for name, value in sent.items() if name in known and _hides(name, known[name], value)]


def unmasked(kept: Json, sent: object) -> object | list[Fault]:
    """`sent`, the content of a draft, with masked payees put back from `kept`, the content that it replaces, row by row.

    A masked value that does not stand where the one it hides does is a fault: another row's payee would be paid. Different numbers can
    have one masked form, so a row that is another one as that was shown is taken for it, and its masked values are such.
    """
    if not isinstance(sent, Mapping):
        return sent
    before = dict(_payees(kept))
    real = {(name, value) for payee in before.values() for name, value in payee.items()}
    masks = {(name, masked_recipient({name: value})[name]) for name, value in real} - real
    found, faults, moved = dict(sent), list[Fault](), _moved(kept, sent)
    if isinstance(found.get("rows"), list):
        found["rows"] = list(found["rows"])
    for place, payee in _payees(sent):
        known = before.get(place, {})
        back = {} if place in moved else {name: known[name] for name in masked_members(known, payee)}
        strange = [name for name, value in payee.items() if name not in back and (name, value) in masks]
        faults += [Fault(pointer=f"{_pointer(place)}{step(name)}", detail=MASKED) for name in strange]
        if back:
            _put(found, place, back)
    return faults or found


def _moved(kept: Json, sent: Json) -> frozenset[int]:
    """Places of rows that are not the one that was shown there, but one that was shown elsewhere."""
    old, new = kept.get("rows"), sent.get("rows")
    if not (isinstance(old, list) and isinstance(new, list)):
        return frozenset()
    were, are = [_text(_shown(row)) for row in old], [_text(row) for row in new]
    known = set(were)
    return frozenset(place for place, row in enumerate(are) if row in known and were[place : place + 1] != [row])


def _shown(row: Any) -> Any:
    payee = row.get(PAYEE) if isinstance(row, Mapping) else None
    return {**row, PAYEE: masked_recipient(payee)} if isinstance(payee, Mapping) else row


def _text(row: Any) -> str:
    return json.dumps(row, sort_keys=True, default=str)


def _payees(content: Json) -> Iterator[tuple[int | None, dict[str, str]]]:
    """(row, counted from 0, or None for a single payout; what its payee has of text)."""
    rows = content.get("rows")
    for place, one in [(None, content), *enumerate(rows if isinstance(rows, list) else [])]:
        payee = one.get(PAYEE) if isinstance(one, Mapping) else None
        if isinstance(payee, Mapping):
            yield place, {name: value for name, value in payee.items() if isinstance(name, str) and isinstance(value, str)}


def _hides(name: str, real: str, shown: str) -> bool:
    return shown != real and masked_recipient({name: real})[name] == shown


def _put(content: dict[str, Any], place: int | None, values: Mapping[str, str]) -> None:
    if place is None:
        content[PAYEE] = {**content[PAYEE], **values}
    else:
        row = content["rows"][place]
        content["rows"][place] = {**row, PAYEE: {**row[PAYEE], **values}}


def _pointer(place: int | None) -> str:
    return f"/{PAYEE}" if place is None else f"/rows/{place}/{PAYEE}"
