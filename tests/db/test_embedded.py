"""Embedded servers as their users meet them: made, used, found again, stopped."""

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from perfkit.embedded import PostgresServer, ValkeyServer


@pytest.mark.both_servers
def test_database_is_empty_and_on_the_asked_server(database: str, server: PostgresServer) -> None:
    with psycopg.connect(database) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone()
        version = connection.execute("SHOW server_version").fetchone()
    assert tables == (0,)
    assert version
    assert version[0].split()[0] == server.version


def test_valkey_answers_with_its_password_only(valkey: ValkeyServer) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        assert client.ping()
    with (
        redis.Redis(port=valkey.port, retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()
