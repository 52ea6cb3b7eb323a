"""What stands in the table of secrets is sealed, whenever it was written and with whichever key (chapter 7: no usable key in a dump)."""

import os
import subprocess
import sys
from typing import Any

import psycopg
import pytest

from domain.webhooks.signing import secret_of
from runtime.ids import mint_key
from services.webhooks.seal import Seal, SealedOtherwiseError
from services.webhooks.sealing import seal_all
from tests.integration.webhooks.ground import KEY, SEAL, Ground
from tests.integration.webhooks.test_queue import take, written

NEW_KEY = "8f3b0c5d9e7a412c6b1d0f9e8a7c6b5d"
NEW = Seal(NEW_KEY)


def resealed(here: Ground, seal: Seal, *older: Seal) -> int:
    with psycopg.connect(here.views.url, options=f"-c search_path={here.views.schema}_webhooks") as link:
        return seal_all(link, seal, older)


async def kept(here: Ground) -> list[Any]:
    return [row["secret"] for row in await here.rows("SELECT secret FROM secrets ORDER BY created_at")]


async def test_no_secret_stands_in_clear_and_all_are_signed_with(here: Ground) -> None:
    endpoint = await written(here)
    new = secret_of(mint_key())
    await here.registry.rotate("acme", endpoint, new, here.now)
    assert [text for text in await kept(here) if "whsec_" in text] == []
    secrets = await here.registry.secrets(endpoint, here.now)
    assert secrets[0] == new
    assert list((await take(here, endpoint, 1)).secrets) == secrets


async def test_those_in_clear_from_before_are_read_and_sealed_once(here: Ground) -> None:
    endpoint, old = await written(here), secret_of(mint_key())
    await here.rows("UPDATE secrets SET secret = %s", old)
    assert list((await take(here, endpoint, 1)).secrets) == [old]
    assert (resealed(here, SEAL), resealed(here, SEAL)) == (1, 0)
    assert "whsec_" not in (await kept(here))[0]
    assert await here.registry.secrets(endpoint, here.now) == [old]


async def test_another_secret_key_takes_over_with_the_one_before_and_not_without(here: Ground) -> None:
    endpoint = await written(here)
    before, secrets = await kept(here), await here.registry.secrets(endpoint, here.now)
    with pytest.raises(SealedOtherwiseError):
        resealed(here, NEW, Seal(""))
    assert await kept(here) == before, "all or none"
    assert resealed(here, NEW, SEAL) == 1
    assert [NEW.open(text, endpoint) for text in await kept(here)] == secrets
    with pytest.raises(SealedOtherwiseError):
        await take(here, endpoint, 1)


async def test_payflow_reseal_takes_the_old_key_from_standard_input(here: Ground) -> None:
    endpoint = await written(here)
    before, secrets = await kept(here), await here.registry.secrets(endpoint, here.now)
    env = {**os.environ, "DATABASE_URL": here.views.url, "PROJECTION_SCHEMA": here.views.schema, "SECRET_KEY": NEW_KEY}

    def run(old: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "payflow", "reseal"]
        return subprocess.run(command, env=env, input=f"{old}\n", capture_output=True, text=True, check=False)

    wrong = run(NEW_KEY[::-1])
    assert (wrong.returncode, "nothing changed" in wrong.stderr, await kept(here)) == (2, True, before)
    assert run(KEY).stdout == "1 secrets are sealed anew\n"
    assert [NEW.open(text, endpoint) for text in await kept(here)] == secrets
