"""The structure of pain.001.001.03 and pain.001.001.09, as far as a payment depends on it (BAT-06).

Owns which elements may stand where, in which order and how often, and the form of the texts that are read. It is our own strict check, made
from the published message definitions; the XSD itself is not shipped. Below elements that are not read (addresses, tax, regulatory
reporting) nothing but the depth is checked. Must not know XML parsing.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from domain.intake.faults import shown

NAMESPACES = {
    "urn:iso:std:iso:20022:tech:xsd:pain.001.001.03": "03",
    "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09": "09",
}
MANY = 10**9


class Slot(NamedTuple):
    """One place in a sequence: an element's name, how often it must and may stand there."""

    name: str
    least: int
    most: int


def _slots(text: str) -> tuple[Slot, ...]:
    """`Name` once, `Name?` at most once, `Name*` any, `Name+` at least once, `Name{n}` up to n times."""
    return tuple(_slot(word) for word in text.split())


def _slot(word: str) -> Slot:
    if word.endswith("}"):
        name, _, most = word[:-1].partition("{")
        return Slot(name, 0, int(most))
    bounds = {"?": (0, 1), "*": (0, MANY), "+": (1, MANY)}.get(word[-1])
    return Slot(word[:-1], *bounds) if bounds else Slot(word, 1, 1)


_PARTY = _slots("Nm? PstlAdr? Id? CtryOfRes? CtctDtls?")
_TRANSFER_END = "InstrForCdtrAgt* InstrForDbtrAgt? Purp? RgltryRptg{10} Tax? RltdRmtInf{10} RmtInf?"
_AGENTS = (
    "UltmtDbtr? IntrmyAgt1? IntrmyAgt1Acct? IntrmyAgt2? IntrmyAgt2Acct? IntrmyAgt3? IntrmyAgt3Acct? "
    "CdtrAgt? CdtrAgtAcct? Cdtr? CdtrAcct? UltmtCdtr? "
)
_GROUP = "PmtInfId PmtMtd {advice}BtchBookg? NbOfTxs? CtrlSum? PmtTpInf? ReqdExctnDt PoolgAdjstmntDt? Dbtr DbtrAcct DbtrAgt DbtrAgtAcct? "
_GROUP_END = "UltmtDbtr? ChrgBr? ChrgsAcct? ChrgsAcctAgt? CdtTrfTxInf+"
_HEADER = "MsgId CreDtTm Authstn{2} NbOfTxs CtrlSum? InitgPty FwdgAgt? "

SEQUENCES: dict[str, dict[str, tuple[Slot, ...]]] = {
    "03": {
        "Document": _slots("CstmrCdtTrfInitn"),
        "CstmrCdtTrfInitn": _slots("GrpHdr PmtInf+"),
        "GrpHdr": _slots(_HEADER),
        "PmtInf": _slots(_GROUP.format(advice="") + _GROUP_END),
        "CdtTrfTxInf": _slots("PmtId PmtTpInf? Amt XchgRateInf? ChrgBr? ChqInstr? " + _AGENTS + _TRANSFER_END),
        "PmtId": _slots("InstrId? EndToEndId"),
        "FinInstnId": _slots("BIC? ClrSysMmbId? Nm? PstlAdr? Othr?"),
        "CdtrAcct": _slots("Id Tp? Ccy? Nm?"),
        "ReqdExctnDt": (),
    },
    "09": {
        "Document": _slots("CstmrCdtTrfInitn"),
        "CstmrCdtTrfInitn": _slots("GrpHdr PmtInf+ SplmtryData*"),
        "GrpHdr": _slots(_HEADER + "InitnSrc?"),
        "PmtInf": _slots(_GROUP.format(advice="ReqdAdvcTp? ") + "InstrForDbtrAgt? " + _GROUP_END),
        "CdtTrfTxInf": _slots(
            "PmtId PmtTpInf? Amt XchgRateInf? ChrgBr? MndtRltdInf? ChqInstr? " + _AGENTS + _TRANSFER_END + " SplmtryData*"
        ),
        "PmtId": _slots("InstrId? EndToEndId UETR?"),
        "FinInstnId": _slots("BICFI? ClrSysMmbId? LEI? Nm? PstlAdr? Othr?"),
        "CdtrAcct": _slots("Id? Tp? Ccy? Nm? Prxy?"),
        "ReqdExctnDt": _slots("Dt? DtTm?"),
    },
}
for _version in SEQUENCES.values():
    _version |= {
        "InitgPty": _PARTY,
        "Dbtr": _PARTY,
        "Cdtr": _PARTY,
        "CdtrAgt": _slots("FinInstnId BrnchId?"),
        "DbtrAgt": _slots("FinInstnId BrnchId?"),
        "Amt": _slots("InstdAmt? EqvtAmt?"),
        "RmtInf": _slots("Ustrd* Strd*"),
        "CdtrAcct/Id": _slots("IBAN? Othr?"),
        "CdtrAcct/Id/Othr": _slots("Id SchmeNm? Issr?"),
    }

_TEXT_35 = re.compile(r".{1,35}", re.DOTALL)
_ZONE = r"(?:Z|[+-]\d\d:\d\d)?"
_DAY = re.compile(r"\s*\d{4}-\d\d-\d\d" + _ZONE + r"\s*", re.ASCII)
_TIME = re.compile(r"\s*\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?" + _ZONE + r"\s*", re.ASCII)
FORMS = {
    "MsgId": _TEXT_35,
    "PmtInfId": _TEXT_35,
    "InstrId": _TEXT_35,
    "EndToEndId": _TEXT_35,
    "CreDtTm": _TIME,
    "ReqdExctnDt": _DAY,
    "Dt": _DAY,
    "DtTm": _TIME,
    "NbOfTxs": re.compile(r"[0-9]{1,15}"),
    "CtrlSum": re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,17})?"),
    "PmtMtd": re.compile(r"TRF"),
    "Nm": re.compile(r".{1,140}", re.DOTALL),
    "BIC": re.compile(r"[A-Z]{6}[A-Z2-9][A-NP-Z0-9](?:[A-Z0-9]{3})?"),
    "BICFI": re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?"),
    "IBAN": re.compile(r"[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}"),
    "Ustrd": re.compile(r".{1,140}", re.DOTALL),
    "UETR": re.compile(r"[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}"),
}
"""Element -> the form of its text, by the message definition; PmtMtd: cheques (CHK) are not paid here."""


class Order:
    """One element's children as they come: each must be the next that may stand there."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        """Nothing has come yet."""
        self._slots = slots
        self._at = 0
        self._count = 0

    def take(self, name: str) -> str | None:
        """The next child. What is wrong with it being here, or None."""
        for at in range(self._at, len(self._slots)):
            slot = self._slots[at]
            count = self._count if at == self._at else 0
            if slot.name == name:
                if count >= slot.most:
                    return f"{name} stands here too often"
                missing = next(self._missing(at), None)
                self._at, self._count = at, count + 1
                return f"{missing} is missing before {name}" if missing else None
        known = any(slot.name == name for slot in self._slots)
        return f"{name} stands in the wrong place" if known else f"{shown(name)} is not known here"

    def end(self) -> str | None:
        """Nothing more comes. The first child that is missing, or None."""
        missing = next(self._missing(len(self._slots)), None)
        return f"{missing} is missing" if missing else None

    def _missing(self, before: int) -> Iterator[str]:
        for at in range(self._at, before):
            slot = self._slots[at]
            if (self._count if at == self._at else 0) < slot.least:
                yield slot.name


@functools.cache
def slots_at(version: str, path: str) -> tuple[Slot, ...] | None:
    """What may stand in the element at a path, which the grammar knows by up to three names; None if only its text is checked."""
    rules, steps = SEQUENCES[version], path.split("/")
    return next((rules[tail] for length in (3, 2, 1) if (tail := "/".join(steps[-length:])) in rules), None) or None


def form_fault(name: str, text: str) -> str | None:
    """Why this is no text for the element, or None."""
    form = FORMS.get(name)
    if form is None or form.fullmatch(text):
        return None
    if name == "PmtMtd":
        return "must be TRF (a credit transfer); other methods are not paid here"
    return f"is not what {name} may hold" if text else f"{name} must not be empty"
