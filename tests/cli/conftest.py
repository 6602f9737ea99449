"""A user's project: a directory with a catalog, and settings that name a small alumni database.

`perfkit` runs commands in an empty directory, `project` in one with a catalog and settings. Both are the test's
`tmp_path`. Tests that change data or schema take `own_project`, whose database is a copy made for the one test.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from perfkit.db.connect import connect
from perfkit.demo.build import build_alumni
from perfkit.demo.role import DATABASE, ROLE, create_database, create_role
from perfkit.embedded import PostgresServer, start_postgres, stop_postgres
from tests.cli.api import RunningApi, running_api
from tests.cli.command import PASSWORD, QUERIES, Perfkit
from tests.cli.grown import Grown, grown_database
from tests.conftest import FAST, QUICK_LOGIN

ALUMNI = 1_000


@pytest.fixture(scope="session")
def alumni_server(server_folder: Path) -> Iterator[PostgresServer]:
    """Yield a server of its own, as the demo's role and database have fixed names; no test changes its data."""
    server = start_postgres(
        server_folder / "alumni", settings=FAST, die_with_parent=True, initdb_options=QUICK_LOGIN
    )
    with closing(connect(server.dsn)) as superuser:
        create_role(superuser, password=PASSWORD)
        create_database(superuser)
    build_alumni(partial(connect, server.dsn_for(DATABASE, ROLE, PASSWORD)), alumni=ALUMNI)
    yield server
    stop_postgres(server_folder / "alumni")


@pytest.fixture(scope="session")
def alumni_api(alumni_server: PostgresServer, server_folder: Path) -> Iterator[RunningApi]:
    """Yield two instances of the demo's API, with a database and a cache of their own; tests leave both running."""
    with (
        _copied(alumni_server) as name,
        running_api(server_folder / "api", alumni_server.dsn_for(name, ROLE, PASSWORD)) as api,
    ):
        yield api


@pytest.fixture
def perfkit(tmp_path: Path) -> Perfkit:
    return Perfkit(tmp_path)


@pytest.fixture
def dsn(alumni_server: PostgresServer) -> str:
    """Return the URI of the alumni database for its ordinary role."""
    return alumni_server.dsn_for(DATABASE, ROLE, PASSWORD)


@pytest.fixture
def superuser_dsn(alumni_server: PostgresServer) -> str:
    return alumni_server.dsn_for(DATABASE)


@pytest.fixture
def project(perfkit: Perfkit, dsn: str) -> Perfkit:
    make_project(perfkit.directory, dsn)
    return perfkit


@pytest.fixture
def own_database(alumni_server: PostgresServer) -> Iterator[str]:
    """Return the name of a copy of the alumni database, made for the one test and dropped after it."""
    with _copied(alumni_server) as name:
        yield name


@contextmanager
def _copied(alumni_server: PostgresServer) -> Iterator[str]:
    name = f"alumni_{uuid.uuid4().hex[:12]}"
    command = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy OWNER {}"
    names = [sql.Identifier(word) for word in (name, DATABASE, ROLE)]
    with psycopg.connect(alumni_server.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL(command).format(*names))
    yield name
    with psycopg.connect(alumni_server.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(names[0]))


@pytest.fixture
def own_dsn(alumni_server: PostgresServer, own_database: str) -> str:
    return alumni_server.dsn_for(own_database, ROLE, PASSWORD)


@pytest.fixture
def own_project(perfkit: Perfkit, own_dsn: str) -> Perfkit:
    make_project(perfkit.directory, own_dsn)
    return perfkit


@pytest.fixture(scope="session")
def grown(alumni_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grown]:
    """Yield a larger database that lost an index, and its snapshots; no test changes them."""
    with grown_database(alumni_server, tmp_path_factory.mktemp("grown")) as made:
        yield made


@pytest.fixture(scope="session")
def baselines(alumni_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the baseline `main` of the catalog, recorded once, to be copied."""
    perfkit = Perfkit(tmp_path_factory.mktemp("recorded"))
    make_project(perfkit.directory, alumni_server.dsn_for(DATABASE, ROLE, PASSWORD))
    assert perfkit("baseline").returncode == 0
    return perfkit.directory / "baselines"


@pytest.fixture
def recorded(project: Perfkit, baselines: Path) -> Perfkit:
    """Return a project with a baseline of the whole catalog."""
    shutil.copytree(baselines, project.directory / "baselines")
    return project


def make_project(directory: Path, dsn: str) -> None:
    """Write a catalog and the settings that name the database, with few samples, as tests want to be quick."""
    shutil.copytree(QUERIES, directory / "queries")
    (directory / "perfkit.toml").write_text(f'dsn = "{dsn}"\nsamples = 2\n')


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of 64 kB; only root can mount one: without it the test is skipped, but fails in CI."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    if os.system(f"mount -t tmpfs -o size=64k none '{folder}' 2>/dev/null"):
        reason = "a small disk needs the right to mount one"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    yield folder
    os.system(f"umount '{folder}'")
