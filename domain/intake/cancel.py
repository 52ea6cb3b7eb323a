"""The bodies that cancel a payout, drop a batch or stop it; each may be left out (API-22, BAT-13).

Owns why, and on which standing of the thing it was asked for. Whether it still stands so is the processor's to say.
"""

from collections.abc import Mapping

from msgspec import Struct

from domain.intake.faults import Fault
from domain.intake.payout import field_faults
from domain.intake.text import VALUE_MAX, choice_fault, text_fault
from domain.intake.versions import version_faults
from schemas.words import BatchPhase


class DropRequest(Struct, frozen=True, kw_only=True):
    """Why a batch is dropped or stopped, and where it was last seen to stand."""

    reason: str | None = None
    expected_phase: BatchPhase | None = None
    expected_version: int | None = None


def read_cancel(raw: object) -> tuple[str | None, int | None] | list[Fault]:
    """(reason, expected version) of a payout's cancel, or all its faults."""
    if raw is None:
        return None, None
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    fields = field_faults(raw, frozenset({"reason", "expected_version"}))
    faults = [*fields, *_reason_faults(raw), *version_faults(raw)]
    return faults or (raw.get("reason"), raw.get("expected_version"))


def read_drop(raw: object) -> DropRequest | list[Fault]:
    """The end of a batch, or all its faults."""
    if raw is None:
        return DropRequest()
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    fields = field_faults(raw, frozenset(DropRequest.__struct_fields__))
    faults = [*fields, *_reason_faults(raw), *version_faults(raw)]
    phase = raw.get("expected_phase")
    if phase is not None and (fault := choice_fault("/expected_phase", phase, BatchPhase)) is not None:
        faults.append(fault)
    if faults:
        return faults
    expected = None if phase is None else BatchPhase(phase)
    return DropRequest(reason=raw.get("reason"), expected_phase=expected, expected_version=raw.get("expected_version"))


def _reason_faults(raw: Mapping[str, object]) -> list[Fault]:
    reason = raw.get("reason")
    fault = None if reason is None else text_fault("/reason", reason, longest=VALUE_MAX)
    return [] if fault is None else [fault]
