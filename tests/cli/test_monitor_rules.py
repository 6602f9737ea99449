"""Rules as Prometheus' own tools see them: they are read, and each alert fires and is silent as its stories tell."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import Perfkit
from tests.cli.monitoring import program

# Its handler is a regular expression with braces.
HEAVY = """[[api.endpoints]]
name = "report"
path = "/api/reports/{year}"
simple = false
values = { year = [2024] }
"""


@pytest.fixture
def written(perfkit: Perfkit) -> Path:
    (perfkit.directory / "perfkit.toml").write_text(HEAVY)
    result = perfkit(
        "monitor", "rules", "-o", "out", "--application", "web:8000", "--notify", "http://127.0.0.1:1/"
    )
    assert result.returncode == 0, result.stderr
    return perfkit.directory / "out"


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def test_prometheus_reads_rules_and_configuration(written: Path) -> None:
    promtool = program("promtool")
    for name in ("perfkit-rules.yml", "application-rules.yml"):
        checked = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", written / name)
        assert checked.returncode == 0, checked.stderr
    checked = run(promtool, "check", "config", written / "prometheus.yml")
    assert checked.returncode == 0, checked.stderr


def test_alertmanager_reads_its_routes(written: Path) -> None:
    checked = run(program("amtool"), "check-config", written / "alertmanager.yml")
    assert checked.returncode == 0, checked.stderr
    for severity in ("critical", "warning", "info"):
        routed = run(
            program("amtool"), "config", "routes", "test",
            f"--config.file={written / 'alertmanager.yml'}", f"severity={severity}", "alertname=A",
        )  # fmt: skip
        assert routed.stdout.strip() == severity


@pytest.mark.parametrize("subject", ["perfkit", "application"])
def test_every_alert_fires_and_is_silent_as_told(written: Path, subject: str) -> None:
    tested = run(program("promtool"), "test", "rules", written / f"{subject}-rules-test.yml")
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_a_rule_that_never_fires_fails_its_test(written: Path) -> None:
    promtool = program("promtool")
    path = written / "perfkit-rules.yml"
    path.write_text(path.read_text().replace("perfkit_up == 0", "perfkit_up == 2"))
    tests = written / "perfkit-rules-test.yml"
    head, *each = tests.read_text().split("  - interval:")
    own = [test for test in each if "PerfkitDatabaseDown" in test]
    tests.write_text("  - interval:".join([head, *own]))
    assert run(promtool, "test", "rules", tests).returncode != 0


def test_files_of_others_are_not_replaced_unasked(written: Path, perfkit: Perfkit) -> None:
    again = ("monitor", "rules", "-o", "out", "--application", "web:8000", "--notify", "http://127.0.0.1:1/")
    assert "same" in perfkit(*again).stdout
    own = written / "prometheus.yml"
    own.write_text("# mine\n")
    refused = perfkit(*again)
    assert refused.returncode == 2
    assert "prometheus.yml is there, and perfkit did not write it" in refused.stderr
    assert own.read_text() == "# mine\n"
    assert "(foreign) is replaced with --force only" in perfkit(*again, "--dry-run").stdout
    assert own.read_text() == "# mine\n"
    assert perfkit(*again, "--force").returncode == 0
    assert own.read_text() != "# mine\n"
    # perfkit's own are replaced when what they are made of changes, and kept by who takes their first line away.
    assert "changed" in perfkit(*again, "--runbooks=https://wiki/alerts.md").stdout
    routes = written / "alertmanager.yml"
    routes.write_text(routes.read_text().partition("\n")[2])
    kept = perfkit(*again)
    assert (kept.returncode, "alertmanager.yml is there" in kept.stderr) == (2, True)


def test_a_dry_run_writes_nothing(perfkit: Perfkit) -> None:
    for command in ("rules", "dashboard", "role-sql"):
        result = perfkit("monitor", command, "-o", "out", "--dry-run")
        assert result.returncode == 0
        assert "Nothing was written" in result.stdout
    assert not (perfkit.directory / "out").exists()


def test_files_are_written_all_or_none(perfkit: Perfkit) -> None:
    (perfkit.directory / "out" / "dashboards").mkdir(parents=True)
    (perfkit.directory / "out" / "provisioning").write_text("a file where a folder must be")
    result = perfkit("monitor", "dashboard", "-o", "out")
    assert result.returncode == 2
    assert list((perfkit.directory / "out" / "dashboards").iterdir()) == []


def test_folders_of_files_that_cannot_be_written_are_taken_away(perfkit: Perfkit) -> None:
    full = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))"
    program = f"{full}; sys.argv[0] = 'perfkit'; from perfkit.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "monitor", "rules", "-o", "deep/out"]
    failed = subprocess.run(
        command,
        cwd=perfkit.directory,
        env=perfkit.shell_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert failed.returncode == 3, failed.stderr
    assert "cannot write" in failed.stderr
    assert not (perfkit.directory / "deep").exists()


def test_the_role_is_printed_or_written_to_a_file_or_a_folder(perfkit: Perfkit) -> None:
    printed = perfkit("monitor", "role-sql").stdout
    assert "GRANT pg_read_all_data, pg_monitor TO perfkit" in printed
    (perfkit.directory / "out").mkdir()
    for output, path in (("role.sql", "role.sql"), ("out", "out/perfkit-role.sql")):
        assert "new" in perfkit("monitor", "role-sql", "-o", output).stdout
        head, _, rest = (perfkit.directory / path).read_text().partition("\n")
        assert head.startswith("-- perfkit-role.sql, written by perfkit monitor role-sql ")
        assert rest == printed
    assert "same" in perfkit("monitor", "role-sql", "-o", "out").stdout
    told = perfkit("monitor", "role-sql", "--format=json")
    assert (told.returncode, told.stdout, "name it: -o PATH" in told.stderr) == (2, "", True)
