from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.dsn import redacted
from perfkit.errors import SettingsError
from perfkit.findings import Severity
from perfkit.settings import SETTINGS, Settings, resolve


def resolved(cwd: Path, environ: dict[str, str] | None = None, **flags: object) -> Settings:
    return resolve(flags, environ=environ or {}, cwd=cwd)


def test_without_anything_set_the_defaults_hold(tmp_path: Path) -> None:
    settings = resolved(tmp_path)
    assert settings.dsn is None
    assert settings.queries == Path("queries")
    assert settings.dir == Path(".perfkit")
    assert (settings.samples, settings.seed) == (5, 1)
    assert (settings.timeout_ms, settings.lock_timeout_ms, settings.target_ms) == (30_000, 1_000, 100)
    assert settings.fail_on is None
    assert settings.plan_mode == "custom"
    assert not any((settings.allow_writes, settings.allow_superuser, settings.analyze_on_primary))
    assert {settings.source_of(setting.name) for setting in SETTINGS} == {"default"}


def test_flags_come_before_variables_before_perfkit_toml_before_pyproject_before_defaults(
    tmp_path: Path,
) -> None:
    (tmp_path / "perfkit.toml").write_text("# ours\nseed = 3\nsamples = 3\n\ntimeout = '3s'\n")
    (tmp_path / "pyproject.toml").write_text(
        "[tool.other]\ntarget = 9\n[tool.perfkit]\nseed = 4\nsamples = 4\ntimeout = '4s'\ntarget = '4ms'\n"
    )
    settings = resolved(tmp_path, {"PERFKIT_SEED": "2", "PERFKIT_SAMPLES": "2"}, seed=1)
    assert (settings.seed, settings.source_of("seed")) == (1, "flag")
    assert (settings.samples, settings.source_of("samples")) == (2, "PERFKIT_SAMPLES")
    assert (settings.timeout_ms, settings.source_of("timeout")) == (3_000, "perfkit.toml:5")
    assert (settings.target_ms, settings.source_of("target")) == (4, "pyproject.toml:7")
    assert (settings.lock_timeout_ms, settings.source_of("lock_timeout")) == (1_000, "default")
    assert settings.shown("timeout") == "3s"


def test_a_flag_not_given_and_an_empty_variable_say_nothing(tmp_path: Path) -> None:
    settings = resolved(tmp_path, {"PERFKIT_SAMPLES": "", "PERFKIT_DSN": ""}, seed=None)
    assert (settings.samples, settings.dsn, settings.seed) == (5, None, 1)


def test_a_flag_that_says_no_overrules_a_file_that_says_yes(tmp_path: Path) -> None:
    (tmp_path / "perfkit.toml").write_text("allow_writes = true\n")
    assert resolved(tmp_path).allow_writes
    assert not resolved(tmp_path, allow_writes=False).allow_writes


def test_the_nearest_directory_with_settings_is_the_only_one_read(tmp_path: Path) -> None:
    inner = tmp_path / "project" / "deep" / "deeper"
    inner.mkdir(parents=True)
    (tmp_path / "perfkit.toml").write_text("seed = 9\nsamples = 9\n")
    (tmp_path / "project" / "pyproject.toml").write_text("[tool.perfkit]\nseed = 7\n")
    (tmp_path / "project" / "deep" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    settings = resolved(inner)
    assert (settings.seed, settings.samples) == (7, 5)
    assert settings.source_of("seed") == f"{tmp_path}/project/pyproject.toml:2"


def test_paths_start_where_they_are_written(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "perfkit.toml").write_text("queries = 'sql'\n")
    settings = resolved(inner, {"PERFKIT_DIR": "here"})
    assert settings.queries == tmp_path / "sql"
    assert settings.baselines == tmp_path / "baselines"
    assert settings.dir == Path("here")
    assert resolved(tmp_path, queries=Path("/srv/sql")).queries == Path("/srv/sql")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[tool]\nperfkit.seed = -1\n", "pyproject.toml:2"),
        ("tool.perfkit.seed = -1\n", "pyproject.toml:1"),
        ("[ tool . 'perfkit' ] # ours\n\"seed\"=-1\n", "pyproject.toml:2"),
        ("[tool.perfkit]\r\nsamples = 1\r\nseed = -1\r\n", "pyproject.toml:3"),
        ("[tool.perfkit]\nsamples = 1\n# seed = 1\nseed = -1\n", "pyproject.toml:4"),
        ("[tool]\nperfkit = { seed = -1 }\n", "pyproject.toml"),
    ],
)
def test_a_key_is_found_however_toml_lets_it_be_written(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text.encode())
    with pytest.raises(SettingsError) as caught:
        resolved(tmp_path)
    assert caught.value.message == f"{place}: seed must be a whole number of at least 0, not -1"


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("\nsampels = 3\n", "perfkit.toml:2: there is no setting 'sampels'", "did you mean samples?"),
        (
            "lock-timeout = '1s'\n",
            "perfkit.toml:1: there is no setting 'lock-timeout'",
            "did you mean lock_timeout?",
        ),
        (
            "[tool.perfkit]\nseed = 1\n",
            "perfkit.toml: there is no setting 'tool'",
            "the settings are dsn, queries",
        ),
    ],
)
def test_an_unknown_key_is_named_with_its_line_and_what_was_meant(
    tmp_path: Path, text: str, place: str, hint: str
) -> None:
    (tmp_path / "perfkit.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        resolved(tmp_path)
    assert caught.value.message == place
    assert caught.value.hint.startswith(hint)


def test_an_unknown_variable_is_named_with_what_was_meant(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PERFKIT_TIMOUT: there is no setting") as caught:
        resolved(tmp_path, {"PERFKIT_TIMOUT": "5s"})
    assert caught.value.hint == "did you mean PERFKIT_TIMEOUT?"


def test_variables_that_are_no_settings_are_left_alone(tmp_path: Path) -> None:
    environ = {
        "PERFKIT_PG_BIN": "/bin",
        "PERFKIT_TEST_PG15_BIN": "/bin",
        "PGHOST": "h",
        "_PERFKIT_COMPLETE": "x",
    }
    assert resolved(tmp_path, environ) == resolved(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("samples", "'5'", "a whole number of at least 1"),
        ("samples", "0", "a whole number of at least 1"),
        ("samples", "true", "a whole number of at least 1"),
        ("samples", "5.0", "a whole number of at least 1"),
        ("timeout", "30", "a duration with its unit"),
        ("timeout", "'0s'", "a duration with its unit"),
        ("timeout", "'soon'", "a duration with its unit"),
        ("queries", "1", "a path"),
        ("queries", "''", "a path"),
        ("dsn", "1", "text"),
        ("plan_mode", "'Custom'", "one of custom, generic"),
        ("fail_on", "'always'", "one of error, warning, info, never"),
        ("fail_on", "['error']", "one of error, warning, info, never"),
        ("allow_writes", "1", "true or false"),
        ("allow_writes", "'true'", "true or false"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_its_place(
    tmp_path: Path, name: str, value: str, problem: str
) -> None:
    (tmp_path / "perfkit.toml").write_text(f"\n{name} = {value}\n")
    with pytest.raises(SettingsError, match=rf"^perfkit\.toml:2: {name} must be {problem}"):
        resolved(tmp_path)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("SAMPLES", "five"),
        ("SAMPLES", "1" * 5000),
        ("TIMEOUT", "-1s"),
        ("ALLOW_WRITES", "perhaps"),
        ("FAIL_ON", "x"),
    ],
)
def test_a_variable_of_the_wrong_type_is_refused_by_name(tmp_path: Path, variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"^PERFKIT_{variable}: {variable.lower()} must be"):
        resolved(tmp_path, {f"PERFKIT_{variable}": text})


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("Yes", True), ("TRUE", True), ("off", False), ("0", False)]
)
def test_a_variable_says_yes_and_no_in_the_usual_words(tmp_path: Path, *, text: str, value: bool) -> None:
    assert resolved(tmp_path, {"PERFKIT_ALLOW_WRITES": text}).allow_writes is value


def test_fail_on_is_a_severity_or_never(tmp_path: Path) -> None:
    assert resolved(tmp_path, {"PERFKIT_FAIL_ON": "warning"}).fail_on is Severity.WARNING
    assert resolved(tmp_path, fail_on=Severity.ERROR).fail_on is Severity.ERROR
    assert resolved(tmp_path, fail_on="never").fail_on is None
    assert resolved(tmp_path).shown("fail_on") == "never"


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"seed = \n", "perfkit.toml: not valid TOML: .*line 1"), (b"a = '\xff'\n", "perfkit.toml: not UTF-8")],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "perfkit.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=problem):
        resolved(tmp_path)


def test_a_directory_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "perfkit.toml").mkdir()
    with pytest.raises(SettingsError, match=r"perfkit\.toml: cannot be read: Is a directory"):
        resolved(tmp_path)


def test_a_broken_pyproject_that_does_not_speak_of_perfkit_is_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project\n")
    assert resolved(tmp_path).source_of("seed") == "default"


SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        (
            "postgresql://ann:s3cr3t@db.example.org:5432/alumni",
            "postgresql://ann:***@db.example.org:5432/alumni",
        ),
        ("postgres://ann@[::1]/alumni?password=s3cr3t", "postgres://ann@[::1]/alumni?***"),
        ("postgresql:///alumni", "postgresql:///alumni"),
        ("host=db port=5432 password=s3cr3t dbname=alumni", "host=db port=5432 *** dbname=alumni"),
        ("service=alumni", "service=alumni"),
        ("host=db password = 's3 s3cr3t' user=ann", "host=db *** user=ann"),
        ("host=db pasword=s3cr3t", "host=db ***"),
    ],
)
def test_a_connection_string_is_shown_without_its_password(tmp_path: Path, dsn: str, shown: str) -> None:
    settings = resolved(tmp_path, dsn=dsn)
    assert settings.dsn == dsn
    assert settings.shown("dsn") == shown
    assert SECRET not in repr(settings)


@hypothesis.settings(max_examples=500)
@given(
    st.text(st.sampled_from("x1:@/?=' %#"), max_size=6), st.text(st.sampled_from("y2:@/?=' %#"), max_size=6)
)
def test_a_mistyped_password_is_not_shown_either(before: str, after: str) -> None:
    password = f"{before}{SECRET}{after}"
    for dsn in (
        f"postgresql://ann:{password}@db/alumni",
        f"password={password} host=db",
        f"host=db password {password}",
    ):
        assert SECRET not in redacted(dsn)


def test_every_setting_has_help_and_a_field() -> None:
    fields = set(Settings.__dataclass_fields__)
    assert all(setting.help and (setting.field or setting.name) in fields for setting in SETTINGS)
