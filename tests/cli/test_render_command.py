"""perfkit render: what is written where, from which numbers, and what is refused."""

import json
from dataclasses import replace

from perfkit.bench import store
from perfkit.cli.render import SUMMARIES
from perfkit.render.products import PRODUCTS
from tests.cli.command import PASSWORD, Perfkit
from tests.unit.render.test_render import CACHE, LOAD

_DSN = f"postgresql://office:{PASSWORD.replace(' ', '%20')}@10.0.0.9:5433/alumni"
_API = ("--api=10.0.0.5:8000", "--api=10.0.0.6:8000")


def keep(perfkit: Perfkit) -> None:
    """Store what bench load and bench cache measured, as they do."""
    store.save(store.newest_in(perfkit.directory / ".perfkit"), [LOAD, CACHE])


def test_every_product_has_a_command() -> None:
    assert SUMMARIES.keys() == PRODUCTS.keys()


def test_all_is_written_from_what_was_measured(perfkit: Perfkit) -> None:
    keep(perfkit)
    result = perfkit("render", "all", "--output=stack", f"--dsn={_DSN}", *_API, "--format=json")
    assert result.returncode == 0, result.stdout
    products = {each["product"]: each for each in json.loads(result.stdout)["products"]}
    assert products.keys() == PRODUCTS.keys()
    assert products["pgbouncer"]["sources"]["pool"].startswith(
        "measured 2026-05-04 12:30 UTC by perfkit bench load"
    )
    written = {
        str(path.relative_to(perfkit.directory / "stack")) for path in perfkit.directory.glob("stack/**/*.*")
    }
    assert written == {path for each in products.values() for path in each["files"]}
    pgbouncer = (perfkit.directory / "stack" / "pgbouncer.ini").read_text()
    assert "alumni = host=10.0.0.9 port=5433 dbname='alumni'\n" in pgbouncer
    # Rendered again from newer numbers, perfkit's own files are replaced.
    store.save(store.newest_in(perfkit.directory / ".perfkit"), [replace(LOAD, advice={"pool_size": "16"})])
    assert perfkit("render", "all", "--output=stack", f"--dsn={_DSN}", *_API).returncode == 0
    assert "default_pool_size = 16\n" in (perfkit.directory / "stack" / "pgbouncer.ini").read_text()


def test_what_is_not_known_is_not_written_and_said(perfkit: Perfkit) -> None:
    result = perfkit("render", "all", "--output=stack", "--pool-size=4", *_API)
    assert result.returncode == 3
    assert "pgbouncer: not written\n  where the database is, is not known" in result.stdout
    assert "valkey: not written\n  the cache's size was not measured" in result.stdout
    assert {path.name for path in perfkit.directory.glob("stack/*.*")} == {"haproxy.cfg", "nginx.conf"}
    one = perfkit("render", "valkey")
    assert (one.returncode, one.stdout) == (3, "")
    assert "perfkit bench cache measures it, --maxmemory SIZE gives it" in one.stderr


def test_one_file_goes_to_standard_output_or_where_it_is_told(perfkit: Perfkit) -> None:
    shown = perfkit("render", "valkey", "--maxmemory=64MB", "--valkey=[::1]:7000")
    assert "\nbind ::1\nport 7000\n" in shown.stdout
    options = ("--maxmemory=64MB", "--valkey=[::1]:7000", "-o", "own.conf")
    would = perfkit("render", "valkey", *options, "--dry-run")
    assert "perfkit render valkey: 1 file would be written to .\n\nown.conf\n" in would.stdout
    assert not (perfkit.directory / "own.conf").exists()
    told = perfkit("render", "valkey", *options, "--format=json")
    assert json.loads(told.stdout)["products"][0]["files"] == ["own.conf"]
    assert (perfkit.directory / "own.conf").read_text() == shown.stdout
    several = perfkit("render", "prometheus", *_API)
    assert (several.returncode, "-o DIR" in several.stderr) == (2, True)


def test_a_file_of_somebody_s_own_is_kept(perfkit: Perfkit) -> None:
    path = perfkit.directory / "valkey.conf"
    path.write_text("maxmemory 1gb\n")
    refused = perfkit("render", "valkey", "--maxmemory=64MB", "--output=valkey.conf")
    assert (refused.returncode, path.read_text()) == (2, "maxmemory 1gb\n")
    assert "--force" in refused.stderr
    assert perfkit("render", "valkey", "--maxmemory=64MB", "--output=valkey.conf", "--force").returncode == 0
    assert "maxmemory 67108864\n" in path.read_text()


def test_a_dry_run_writes_nothing(perfkit: Perfkit) -> None:
    result = perfkit("render", "all", "--output=stack", "--dry-run", *_API)
    assert "would be written to stack" in result.stdout
    assert not (perfkit.directory / "stack").exists()


def test_what_cannot_stand_in_a_file_is_refused(perfkit: Perfkit) -> None:
    for wrong in ("--api=10.0.0.5", "--ready=readyz", "--run=/a b", "--nginx=x;y:80", "--policy=lru"):
        result = perfkit("render", "all", "--output=stack", "--maxmemory=64MB", wrong)
        assert result.returncode == 2, wrong
        assert not (perfkit.directory / "stack").exists()
