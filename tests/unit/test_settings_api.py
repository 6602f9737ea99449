"""The table [api] of perfkit.toml: what it may say, and that each fault is told with its line."""

from pathlib import Path

import pytest

from perfkit.errors import SettingsError
from perfkit.settings import resolve
from perfkit.settings_api import ApiTable, shown_url

WHOLE = """
seed = 3
[api]
url = "https://alumni.example/app/"
pages = ["/", "/events"]
metrics = ["http://10.0.0.5:8000/metrics"]
headers = { authorization = "Bearer $API_TOKEN", accept = "application/json" }

[[api.endpoints]]
name = "profile"
path = "/people/{id}"
weight = 3
draw = "SELECT 1 AS id"

[[api.endpoints]]
name = "give"
path = "/gifts?year={year}"
method = "post"
simple = false
values = { year = [2024, 2025] }
body = '{"amount": 1}'
"""


def api(directory: Path, text: str) -> ApiTable:
    (directory / "perfkit.toml").write_text(text)
    return resolve({}, environ={}, cwd=directory).api


def test_without_the_table_nothing_is_said(tmp_path: Path) -> None:
    assert resolve({}, environ={}, cwd=tmp_path).api == ApiTable()


def test_the_whole_table_is_read(tmp_path: Path) -> None:
    table = api(tmp_path, WHOLE)
    assert table.url == "https://alumni.example/app"
    assert table.pages == ("/", "/events")
    profile, give = table.endpoints
    assert (profile.weight, profile.simple, profile.parameters, profile.place) == (
        3.0,
        True,
        ("id",),
        "perfkit.toml:9",
    )
    assert (give.method, give.simple, give.values) == ("POST", False, {"year": ("2024", "2025")})


def test_headers_take_their_secrets_from_the_environment(tmp_path: Path) -> None:
    authorization, accept = api(tmp_path, WHOLE).headers
    assert authorization.value({"API_TOKEN": "abc"}) == "Bearer abc"
    assert accept.value({}) == "application/json"
    with pytest.raises(SettingsError, match=r"perfkit.toml:7: authorization wants the variable API_TOKEN"):
        authorization.value({})
    with pytest.raises(SettingsError, match=r"perfkit.toml:7: authorization has characters"):
        authorization.value({"API_TOKEN": "abc\r\nx-evil: 1"})
    assert "Bearer" not in repr(authorization)


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ('url = "https', 'url = "ftp', "perfkit.toml:4: url must be a URL"),
        ('"/events"', '"events"', "perfkit.toml:5: pages must be a path"),
        ('["http://10', '["10', "perfkit.toml:6: metrics must be a list of URLs"),
        ("accept =", '"a b" =', "perfkit.toml:7: headers must be texts"),
        ("headers", "heeders", "perfkit.toml:7: there is no 'heeders' in [api]"),
        ('name = "profile"\n', "", "perfkit.toml:9: an endpoint has no name"),
        ('path = "/people/{id}"', 'path = "people"', "perfkit.toml:11: path must be a path"),
        ('path = "/people/{id}"', 'path = "/a b"', "perfkit.toml:11: path must be a path"),
        ("weight = 3", "weight = 0", "perfkit.toml:12: weight must be a number of more than 0"),
        ("weight = 3", "weight = true", "perfkit.toml:12: weight must be a number"),
        ('draw = "SELECT 1 AS id"\n', "", "perfkit.toml:11: nothing fills {id} of profile"),
        ('name = "give"', 'name = "profile"', "perfkit.toml:16: two endpoints have the name 'profile'"),
        ('"post"', '"fetch"', "perfkit.toml:18: method must be one of GET"),
        ("simple = false", 'simple = "no"', "perfkit.toml:19: simple must be true or false"),
        ("{ year =", "{ month =", "perfkit.toml:17: nothing fills {year} of give"),
        (
            "year = [2024, 2025] }",
            "year = [2024], month = [1] }",
            "perfkit.toml:20: /gifts?year={year} has no {month}",
        ),
        ("body =", "boddy =", "perfkit.toml:21: there is no 'boddy' in an endpoint of [api]"),
    ],
)
def test_each_fault_is_told_with_its_line(tmp_path: Path, was: str, becomes: str, told: str) -> None:
    assert was in WHOLE
    with pytest.raises(SettingsError) as error:
        api(tmp_path, WHOLE.replace(was, becomes, 1))
    assert str(error.value).startswith(told)


def test_endpoints_are_a_list_of_tables(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"perfkit.toml:1: endpoints must be a list of tables"):
        api(tmp_path, "[api.endpoints]\nname = 'x'\n")
    with pytest.raises(SettingsError, match=r"perfkit.toml:1: api must be a table"):
        api(tmp_path, "api = 1\n")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://10.0.0.5:8000/metrics", "http://10.0.0.5:8000/metrics"),
        ("https://joe:sesame@alumni.example/app", "https://***@alumni.example/app"),
        ("https://joe:ses/ame@alumni.example", "https://***@alumni.example"),
        ("https://alumni.example/metrics?token=sesame", "https://alumni.example/metrics?***"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert shown_url(url) == shown
