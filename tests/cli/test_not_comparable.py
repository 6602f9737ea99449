"""What a stored baseline cannot be compared with ends in exit 4 with the one reason; older formats are read."""

import json
from pathlib import Path
from typing import Any

from tests.cli.command import Perfkit
from tests.cli.test_baseline_command import QUERY


def _file(project: Perfkit) -> Path:
    return project.directory / "baselines" / "main" / f"{QUERY}.json"


def _edit(path: Path, **members: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | members))


def test_other_planner_settings_are_not_comparable(recorded: Perfkit, dsn: str) -> None:
    result = recorded("regress", QUERY, "--dsn", f"{dsn}&options=-c%20work_mem%3D1MB")
    assert result.returncode == 4
    assert "work_mem" in result.stderr
    assert "4MB" in result.stderr


def test_another_plan_mode_is_not_comparable(recorded: Perfkit) -> None:
    result = recorded("regress", QUERY, "--plan-mode", "generic")
    assert result.returncode == 4
    assert "--plan-mode custom" in result.stderr


def test_changed_sql_is_not_comparable(recorded: Perfkit) -> None:
    path = recorded.directory / "queries" / "office.sql"
    path.write_text(path.read_text().replace("p.person_id <= :people", "p.person_id < :people"))
    result = recorded("regress", QUERY)
    assert result.returncode == 4
    assert "Nothing was compared" in result.stdout
    assert "its SQL text changed since the baseline" in " ".join(result.stdout.split())


def test_another_major_version_is_not_comparable_and_outweighs_the_settings(recorded: Perfkit) -> None:
    path = _file(recorded)
    before = json.loads(path.read_text())
    _edit(path, recorded=before["recorded"] | {"server_version": 170004}, settings={"work_mem": "1GB"})
    result = recorded("regress", QUERY)
    assert result.returncode == 4
    assert "recorded on PostgreSQL 17, measured on PostgreSQL 18" in result.stderr
    assert "work_mem" not in result.stderr


def test_changed_parameters_are_not_comparable(recorded: Perfkit) -> None:
    path = recorded.directory / "queries" / "office.sql"
    path.write_text(
        path.read_text().replace("people=300", "people=299").replace("people=30\n", "people=31\n")
    )
    result = recorded("regress", QUERY, "--format", "json")
    assert result.returncode == 4
    assert {verdict["cause"] for verdict in json.loads(result.stdout)["verdicts"]} == {"parameters-changed"}


def test_a_baseline_of_the_first_format_is_read_and_judged(recorded: Perfkit) -> None:
    path = _file(recorded)
    document = json.loads(path.read_text())
    del document["recorded"]["calibration"]
    for relation in document["relations"].values():
        del relation["columns"], relation["columns_without_statistics"]
    for case in document["cases"].values():
        del case["functions"]
    path.write_text(json.dumps(document | {"schema": "perfkit.baseline/1"}))
    result = recorded("regress", QUERY, "--format", "json")
    assert result.returncode == 0, result.stderr
    # A busy machine may leave a time untold.
    kinds = [verdict["kind"] for verdict in json.loads(result.stdout)["verdicts"]]
    assert len(kinds) == 2
    assert set(kinds) <= {"same", "inconclusive"}
