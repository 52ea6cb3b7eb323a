"""Brings all signing secrets under one seal: those in clear from before there was one, and all after a change of SECRET_KEY.

Owns these rows. All of them or none are sealed anew. Must not know how a secret is sealed.
"""

from collections.abc import Sequence

import psycopg

from services.webhooks.seal import Seal, SealedOtherwiseError

OTHERS = (
    "SELECT endpoint_id::text, secret FROM secrets WHERE NOT starts_with(secret, %s) ORDER BY endpoint_id, secret FOR UPDATE"
)
SEAL = "UPDATE secrets SET secret = %s WHERE endpoint_id = %s AND secret = %s"


def seal_all(link: "psycopg.Connection[tuple[str, str]]", seal: Seal, older: Sequence[Seal] = ()) -> int:
    """Seal what is not sealed by `seal`, opening it by one of `older`; how many. Raises SealedOtherwiseError, and changes nothing then."""
    with link.transaction():
        rows = link.execute(OTHERS, [seal.prefix]).fetchall()
        for endpoint_id, text in rows:
            link.execute(SEAL, [seal.close(_opened(text, endpoint_id, [seal, *older]), endpoint_id), endpoint_id, text])
    return len(rows)


def _opened(text: str, endpoint_id: str, seals: Sequence[Seal]) -> str:
    for seal in seals:
        try:
            return seal.open(text, endpoint_id)
        except SealedOtherwiseError:
            continue
    raise SealedOtherwiseError
