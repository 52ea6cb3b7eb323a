"""The bench measures a database as after days of work."""

import psycopg
import pytest

from bench.seasoning import season, segments_ahead
from deploy.local.postgres import LocalPostgres


def test_log_segments_are_there_to_be_written_over(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        LocalPostgres(tmp_path_factory.mktemp("postgres")) as server,
        psycopg.connect(server.url, autocommit=True) as connection,
    ):
        assert segments_ahead(connection) == 0, "a fresh server makes each when it gets there"
        season(connection, 96)
        assert segments_ahead(connection) >= 4
