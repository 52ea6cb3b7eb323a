"""Where and with what a run was made, so that its figures can be placed later.

Owns the facts about machine, versions, settings and commit. Must not measure anything.
"""

import importlib.metadata
import os
import platform
import subprocess
from dataclasses import asdict
from pathlib import Path

from bench.ground import ROOT, Ground
from bench.sizes import PRODUCT_ENV, QUICK, SIZES
from deploy.local.kafka_files import KAFKA_VERSION

LIBRARIES = ("aiokafka", "faust-streaming", "psycopg", "fastapi", "uvicorn", "uvloop", "msgspec", "orjson", "pydantic")
DURABILITY = (
    "Postgres fsyncs each commit; the one-replica broker does not fsync each append; Redis fsyncs its log once a second."
)


def facts(ground: Ground) -> dict[str, object]:
    """Everything about the circumstances; the load is read again at the end."""
    return {
        "machine": {
            "cpus": os.cpu_count(),
            "cpu": _cpu_model(),
            "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
            "system": platform.platform(),
            "load_before": load(),
        },
        "versions": {"python": platform.python_version(), "kafka": KAFKA_VERSION, **_libraries()},
        "settings": {"quick": QUICK, "sizes": asdict(SIZES), "product": PRODUCT_ENV, "postgres": ground.server_settings()},
        "durability": DURABILITY,
        "commit": commit(),
    }


def load() -> list[float]:
    """The machine's load over 1, 5 and 15 minutes: figures of a busy machine mean little."""
    return [round(value, 2) for value in os.getloadavg()]


def commit() -> str:
    """The commit that is checked out, with a mark if files differ from it."""
    try:
        name = _git("rev-parse", "--short=12", "HEAD")
        return f"{name} with changes" if _git("status", "--porcelain", "--untracked-files=no") else name
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*command: str) -> str:
    return subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _libraries() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
