"""The rooms import one another only along the arrows of docs/architecture.md."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import perfkit

ROOT = Path(perfkit.__file__).parent
WORDS = {"errors", "findings", "names", "units", "stats"}

# What each room may import of perfkit, besides itself and the words.
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "findings": set(),
    "names": set(),
    "units": set(),
    "stats": set(),
    "fields": set(),
    "files": set(),
    "copies": set(),
    "csv_rows": set(),
    "dsn": set(),
    "settings_file": set(),
    "settings_api": set(),
    "settings": {"settings_api", "settings_file", "dsn"},
    "settings_edit": {"settings_file"},
    "syntax": set(),
    "plan": set(),
    "catalog": {"csv_rows", "plan", "syntax"},
    "db": {"apply", "bench", "catalog", "copies", "health", "indexes", "monitor", "plan", "profile", "syntax", "twin"},
    "measure": {"catalog", "plan"},
    "baseline": {"catalog", "fields", "measure", "plan", "syntax", "files", "twin"},
    "history": {"baseline", "fields", "files", "measure", "plan"},
    "calibrate": {"baseline", "measure", "plan"},
    "selftest": {"baseline", "embedded", "measure"},
    "indexes": {"catalog", "measure", "plan", "syntax", "twin"},
    "apply": {"files", "syntax"},
    "twin": {"catalog", "copies", "embedded", "files", "measure", "plan", "syntax"},
    "bench": {"baseline", "catalog", "csv_rows", "embedded", "fields", "files", "measure", "plan", "settings_api", "syntax"},
    "doctor": set(),
    "health": {"indexes", "plan", "syntax"},
    "profile": {"catalog", "syntax"},
    "kv": set(),
    "monitor": {"baseline", "bench", "catalog", "files", "health", "measure", "plan"},
    "embedded": {"copies"},
    "demo": {"embedded"},
    "render": {"bench", "monitor"},
    "report": {"apply", "baseline", "bench", "calibrate", "catalog", "doctor", "files", "health", "history", "indexes", "measure", "monitor", "plan", "profile", "render", "selftest", "settings", "settings_api", "twin"},
    "cli": {
        "apply", "baseline", "bench", "calibrate", "catalog", "copies", "db", "demo", "doctor", "embedded", "files", "health", "history", "indexes", "kv", "measure", "monitor", "plan", "profile", "render", "report", "selftest", "settings", "settings_edit", "twin",
    },
}  # fmt: skip

# Who may import a library that ties a room to a server, a terminal or a command line.
LIBRARIES = {
    "psycopg": {"db"},
    "locust": {"bench", "cli"},
    "gevent": {"bench", "cli"},
    "typer": {"cli"},
    "rich": {"cli", "report"},
    "redis": {"kv"},
    "postgast": {"syntax"},
    "pandas": {"db"},
    "sqlparse": {"cli"},
    "prometheus_client": {"monitor"},
    "grafana_foundation_sdk": {"monitor"},
    "starlette": {"demo"},
    "uvicorn": {"demo"},
}

# An application of its own, which perfkit measures from outside: it reaches its servers as applications do.
APPLICATIONS = {"demo/api": {"psycopg", "psycopg_pool", "redis", "prometheus_client"}}


def _room(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else path.stem


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _wrong(path: Path) -> Iterator[str]:
    room = _room(path)
    for name in _imports(path):
        top, *rest = name.split(".")
        if (
            top == "perfkit"
            and rest
            and rest[0] not in {room, "__version__", *WORDS, *ARROWS.get(room, set())}
        ):
            yield f"{room} imports {name}"
        if top in APPLICATIONS.get(path.parent.relative_to(ROOT).as_posix(), set()):
            continue
        if top in LIBRARIES and room not in LIBRARIES[top]:
            yield f"{room} imports {top}"


MODULES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or not path.stem.startswith("__"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_arrows(path: Path) -> None:
    assert list(_wrong(path)) == []


def test_every_room_has_its_arrows() -> None:
    assert {_room(path) for path in MODULES} == ARROWS.keys()


def test_an_import_against_the_arrows_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "plan" / "sly.py"
    module.parent.mkdir()
    module.write_text(
        "import psycopg\nfrom perfkit.cli import run\nfrom perfkit.errors import PerfkitError\n"
    )
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    assert list(_wrong(module)) == ["plan imports psycopg", "plan imports perfkit.cli.run"]
