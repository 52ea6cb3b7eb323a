"""As whom a server runs that refuses to be root, and whose its files are.

Owns the choice: the user who called; for root, a user namespace in which root is called 1000, so that no file changes hands; where
namespaces are forbidden, `nobody`, who gets the files and may pass root's folders if that can be granted. Must not know what runs.
"""

import contextlib
import functools
import os
import subprocess
from pathlib import Path

NOBODY = 65534
NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig=keep")
"""The change of user would clear the signal that ends a child with its parent: it is kept."""
PAST_FOLDERS = (*AS_NOBODY, "--inh-caps=+dac_override", "--ambient-caps=+dac_override")
"""A folder of root's with mode 0700, such as a temporary one, is no barrier. Docker grants this capability unless told otherwise."""


class NoOrdinaryUserError(Exception):
    """Root cannot become anybody else, or nobody cannot get at the folder; `str(error)` is one line with the remedy."""


@functools.cache
def as_ordinary_user() -> tuple[str, ...]:
    """What to put before a command so that it does not run as root; nothing for an ordinary user. Raises NoOrdinaryUserError."""
    if os.geteuid() != 0:
        return ()
    for prefix in (NAMESPACE, PAST_FOLDERS, AS_NOBODY):
        if _works(prefix):
            return prefix
    raise NoOrdinaryUserError(
        "root cannot start it, and neither `unshare --user` nor `setpriv` is allowed here: call it as another user"
    )


def give(folder: Path) -> None:
    """Make the folder and all in it the ordinary user's, who must be able to get there. Raises NoOrdinaryUserError."""
    if os.geteuid() != 0:
        return
    owner = 0 if as_ordinary_user() == NAMESPACE else NOBODY
    try:
        for path in (folder, *folder.rglob("*")):
            if path.lstat().st_uid != owner:
                os.chown(path, owner, owner, follow_symlinks=False)
    except PermissionError:
        raise NoOrdinaryUserError(f"root may not give {folder} away: call it as another user") from None
    # not `test -x`: it asks for the user's own rights and leaves the granted one out
    if not _works(as_ordinary_user(), "stat", f"{folder}/."):
        raise NoOrdinaryUserError(
            f"`nobody` may not enter {folder}: take a folder that all may enter, or call it as another user"
        )


def _works(prefix: tuple[str, ...], *command: str) -> bool:
    with contextlib.suppress(OSError):
        return subprocess.run([*prefix, *(command or ("true",))], capture_output=True, check=False).returncode == 0
    return False
