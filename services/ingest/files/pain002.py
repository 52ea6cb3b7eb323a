"""The answer to a pain.001: a pain.002 payment status report of the matching version, transfer by transfer (BAT-14).

Owns the table of our states to the codes of the standard, and the form of the message. Must not know where outcomes come from.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from domain.intake.faults import Fault
from services.ingest.files.outcomes import NOT_SUBMITTED, REFUSED, Outcome
from services.ingest.files.pain001 import Group, Transfer

NAMESPACES = {
    "03": "urn:iso:std:iso:20022:tech:xsd:pain.002.001.03",
    "09": "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10",
}
ORIGINALS = {"03": "pain.001.001.03", "09": "pain.001.001.09"}
STATUS = {
    "pending": "PDNG",
    "processing": "ACSP",
    "requires_action": "PDNG",
    "completed": "ACSC",
    "failed": "RJCT",
    "rejected": "RJCT",
    "canceled": "RJCT",
    "returned": "RJCT",
    REFUSED: "RJCT",
    NOT_SUBMITTED: "RJCT",
}
"""Our state -> individual status. A payout whose outcome is unknown is pending: it is neither settled nor rejected."""

REASONS = {
    "payee_unknown": "AC01",
    "payee_account_closed": "AC04",
    "payee_limit_reached": "AM02",
    "insufficient_funds": "AM04",
    "canceled": "DS02",
    "duplicate_reference": "AM05",
    "declaration_mismatch": "AM10",
    "schema_invalid": "FF01",
}
"""Our code -> external status reason code; others travel as they are, as proprietary ones."""

OPEN = frozenset({"PDNG", "ACSP"})
_TEXT_MAX = 105
_PROPRIETARY_MAX = 35


class Head(NamedTuple):
    """What the report says above the transfers. `counts` maps individual status to transfers; `faults` are about the whole file."""

    message_id: str
    created: str
    group: Group
    counts: dict[str, int]
    faults: Sequence[Fault]


def opening(head: Head) -> bytes:
    """Everything before the first transfer."""
    group = head.group
    originals = [
        ("OrgnlMsgId", group.message_id),
        ("OrgnlMsgNmId", ORIGINALS[group.version]),
        ("OrgnlCreDtTm", group.created),
        ("OrgnlNbOfTxs", group.transfer_count),
        ("OrgnlCtrlSum", group.control_sum),
        ("GrpSts", group_status(head.counts)),
    ]
    told = "".join(_reason(fault.code, fault.detail) for fault in head.faults[:10])
    counts = "".join(
        f"<NbOfTxsPerSts><DtldNbOfTxs>{count}</DtldNbOfTxs><DtldSts>{status}</DtldSts></NbOfTxsPerSts>"
        for status, count in sorted(head.counts.items())
        if count
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACES[group.version]}"><CstmrPmtStsRpt>'
        f"<GrpHdr>{_all([('MsgId', head.message_id), ('CreDtTm', head.created)])}</GrpHdr>"
        f"<OrgnlGrpInfAndSts>{_all(originals)}{told}{counts}</OrgnlGrpInfAndSts>"
    ).encode()


def closing() -> bytes:
    """Everything behind the last transfer."""
    return b"</CstmrPmtStsRpt></Document>\n"


class Transfers:
    """The transfers of a report, with a section for each PmtInf of the original."""

    def __init__(self) -> None:
        """No section is open."""
        self._open: str | None = None

    def add(self, pairs: Sequence[tuple[Transfer, Outcome]]) -> Iterator[bytes]:
        """The next transfers in the order of the original."""
        for transfer, outcome in pairs:
            if transfer.payment_information_id != self._open:
                yield from self.end()
                self._open = transfer.payment_information_id
                yield f"<OrgnlPmtInfAndSts>{_all([('OrgnlPmtInfId', self._open)])}".encode()
            yield _transaction(transfer, outcome).encode()

    def end(self) -> Iterator[bytes]:
        """Close the section that is open."""
        if self._open is not None:
            yield b"</OrgnlPmtInfAndSts>"
        self._open = None


def group_status(counts: dict[str, int]) -> str:
    """One status for all: what they agree on, PDNG while some are open, PART for settled and rejected ones."""
    there = {status for status, count in counts.items() if count}
    if len(there) == 1:
        return there.pop()
    return "PDNG" if there & OPEN and "RJCT" not in there else "PART"


def _transaction(transfer: Transfer, outcome: Outcome) -> str:
    status = STATUS.get(outcome.status, "PDNG")
    ids = [
        ("StsId", outcome.payout_id.replace("-", "")),
        ("OrgnlInstrId", transfer.instruction_id),
        ("OrgnlEndToEndId", transfer.end_to_end_id),
        ("TxSts", status),
    ]
    told = _reason(outcome.code or outcome.status, outcome.text) if status == "RJCT" or outcome.code else ""
    amount, currency = transfer.cells[0], transfer.cells[1]
    reference = _all([("AcctSvcrRef", outcome.provider_reference[:_PROPRIETARY_MAX])])
    original = f'<Amt><InstdAmt Ccy="{escape(currency, {chr(34): "&quot;"})}">{escape(amount)}</InstdAmt></Amt>'
    settled = _all([("IntrBkSttlmDt", outcome.settlement_date)])
    return f"<TxInfAndSts>{_all(ids)}{told}{reference}<OrgnlTxRef>{original}{settled}</OrgnlTxRef></TxInfAndSts>"


def _reason(code: str, text: str) -> str:
    known = REASONS.get(code)
    name = f"<Cd>{known}</Cd>" if known else f"<Prtry>{escape(code[:_PROPRIETARY_MAX])}</Prtry>"
    words = f"{code}: {text}" if text else code
    pieces = [words[at : at + _TEXT_MAX] for at in range(0, len(words), _TEXT_MAX)]
    return f"<StsRsnInf><Rsn>{name}</Rsn>{''.join(f'<AddtlInf>{escape(piece)}</AddtlInf>' for piece in pieces)}</StsRsnInf>"


def _all(elements: Sequence[tuple[str, str]]) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in elements if text)
