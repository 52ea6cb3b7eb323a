"""The bodies that cancel a payout, drop a batch or stop it; each may be left out (API-22, BAT-13).

Owns why, and on which standing of the thing it was asked for. Whether it still stands so is the processor's to say.
"""

from collections.abc import Mapping

from domain.intake.faults import Fault
from domain.intake.payout import field_faults
from domain.intake.text import VALUE_MAX, choice_fault, text_fault
from schemas.words import BatchPhase


def read_cancel(raw: object) -> tuple[str | None, int | None] | list[Fault]:
    """(reason, expected version) of a payout's cancel, or all its faults."""
    if raw is None:
        return None, None
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    faults = [*field_faults(raw, frozenset({"reason", "expected_version"})), *_reason_faults(raw)]
    version = raw.get("expected_version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or version < 1):
        faults.append(Fault(pointer="/expected_version", detail="must be the version you saw, an integer from 1"))
    return faults or (raw.get("reason"), version)


def read_drop(raw: object) -> tuple[str | None, BatchPhase | None] | list[Fault]:
    """(reason, expected phase) of a batch's end, or all its faults."""
    if raw is None:
        return None, None
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    faults = [*field_faults(raw, frozenset({"reason", "expected_phase"})), *_reason_faults(raw)]
    phase = raw.get("expected_phase")
    if phase is not None and (fault := choice_fault("/expected_phase", phase, BatchPhase)) is not None:
        faults.append(fault)
    return faults or (raw.get("reason"), None if phase is None else BatchPhase(phase))


def _reason_faults(raw: Mapping[str, object]) -> list[Fault]:
    reason = raw.get("reason")
    fault = None if reason is None else text_fault("/reason", reason, longest=VALUE_MAX)
    return [] if fault is None else [fault]
