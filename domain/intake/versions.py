"""The version that the body of an act expects (API-23).

Owns its form. Whether the thing still stands at it is the processor's to say.
"""

from collections.abc import Mapping

from domain.intake.faults import Fault


def version_faults(raw: Mapping[str, object]) -> list[Fault]:
    """What is wrong with `expected_version`, which may be left out."""
    version = raw.get("expected_version")
    if version is None or (isinstance(version, int) and not isinstance(version, bool) and version >= 1):
        return []
    return [Fault(pointer="/expected_version", detail="must be the version you saw, an integer from 1")]
