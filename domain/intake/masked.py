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
Payees = Mapping[int | None, Mapping[str, str]]
PAYEE = "recipient_details"
MASKED = "is masked: it only stands for a value that you may not read; leave the payee out, or send the whole value"


def masked_members(kept: Mapping[str, str] | None, sent: Mapping[str, str]) -> list[str]:
    """The members of a payee that were sent as masked forms of what is kept under the same name."""
    known = kept or {}
    return [name for name, value in sent.items() if name in known and _hides(name, known[name], value)]


def unmasked(kept: Json, sent: object) -> object | list[Fault]:
    """`sent`, the content of a draft, with masked payees put back from `kept`, the content that it replaces, row by row.

    A masked value that does not stand where the one it hides does is a fault: another row's payee would be paid. Different payees can
    have one masked form. So a row that is another one as that was shown is taken for it, and rows that look alike are put back only
    while all of them stand where they stood: of two, who can say which one was left out.
    """
    if not isinstance(sent, Mapping):
        return sent
    before = dict(_payees(kept))
    real = {(name, value) for payee in before.values() for name, value in payee.items()}
    masks = {(name, masked_recipient({name: value})[name]) for name, value in real} - real
    found, faults, moved, payees = dict(sent), list[Fault](), _moved(kept, sent), dict(_payees(sent))
    if isinstance(found.get("rows"), list):
        found["rows"] = list(found["rows"])
    for place, payee in payees.items():
        known = before.get(place, {})
        back = {name: known[name] for name in masked_members(known, payee)}
        if place in moved or not _all_stand(back, payee, before, payees):
            back = {}
        strange = [name for name, value in payee.items() if name not in back and (name, value) in masks]
        faults += [Fault(pointer=f"{_pointer(place)}{step(name)}", detail=MASKED) for name in strange]
        if back:
            _put(found, place, back)
    return faults or found


def _all_stand(back: Mapping[str, str], payee: Mapping[str, str], before: Payees, payees: Payees) -> bool:
    """Whether every other payee that has been shown as this one is still shown where it stood."""
    shown = {name: payee[name] for name in back}
    alike = [place for place, known in before.items() if _differs(known, back) and _shows(known, shown)]
    return all({name: payees.get(place, {}).get(name) for name in shown} == shown for place in alike)


def _differs(known: Mapping[str, str], back: Mapping[str, str]) -> bool:
    return any(known.get(name) != value for name, value in back.items())


def _shows(known: Mapping[str, str], shown: Mapping[str, str]) -> bool:
    return all(name in known and masked_recipient({name: known[name]})[name] == value for name, value in shown.items())


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
