"""compose.yaml is what Docker Compose knows, and whole: what is named in it is there."""

import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.unit.render.test_render import stack, text_of

# The part of the Compose Specification (compose-spec.json) that is used, closed: a name that it does not have is an error.
_TEXTS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_SIZE = {"type": "string", "pattern": "^[1-9][0-9]*[bkmg]$"}
_DURATION = {"type": "string", "pattern": "^[1-9][0-9]*(ms|s|m|h)$"}


def _object(required: tuple[str, ...] = (), **properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _mapping(schema: object) -> dict[str, object]:
    return {
        "type": "object",
        "patternProperties": {r"^[a-zA-Z0-9._-]+$": schema},
        "additionalProperties": False,
    }


_SERVICE = _object(
    image={"type": "string"},
    build=_object(("dockerfile_inline",), dockerfile_inline={"type": "string"}),
    profiles=_TEXTS,
    restart={"enum": ["no", "always", "on-failure", "unless-stopped"]},
    depends_on=_mapping(_object(("condition",), condition={"enum": ["service_started", "service_healthy"]})),
    command=_TEXTS,
    environment=_mapping({"type": "string"}),
    ports=_TEXTS,
    volumes=_TEXTS,
    secrets=_TEXTS,
    configs={
        "type": "array",
        "items": _object(("source", "target"), source={"type": "string"}, target={"type": "string"}),
    },
    mem_limit=_SIZE,
    shm_size=_SIZE,
    stop_grace_period=_DURATION,
    healthcheck=_object(
        ("test",), test=_TEXTS, interval=_DURATION, timeout=_DURATION, retries={"type": "integer"}
    ),
)
_COMPOSE = _object(
    ("services",),
    name={"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
    services=_mapping(_SERVICE),
    configs=_mapping(_object(("content",), content={"type": "string"})),
    secrets=_mapping(_object(("file",), file={"type": "string"})),
    volumes=_mapping(_object()),
)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(text_of("compose", stack()))
    return document


def test_it_is_what_compose_knows(compose: dict[str, Any]) -> None:
    Draft202012Validator(_COMPOSE).validate(compose)


def test_what_is_named_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    volumes = {"./queries", *compose["volumes"]}
    for name, service in services.items():
        assert ("image" in service) != ("build" in service), name
        assert set(service.get("depends_on", ())) <= services.keys()
        assert {each["source"] for each in service.get("configs", ())} <= compose["configs"].keys()
        assert set(service.get("secrets", ())) <= compose["secrets"].keys()
        assert {each.partition(":")[0] for each in service.get("volumes", ())} <= volumes
    used = {each["source"] for service in services.values() for each in service.get("configs", ())}
    assert used == compose["configs"].keys()


def test_programs_find_one_another_by_their_names(compose: dict[str, Any]) -> None:
    texts = {name: config["content"].replace("$$", "$") for name, config in compose["configs"].items()}
    assert "server api2 api2:8000" in texts["haproxy.cfg"]
    assert "server haproxy:8080 " in texts["nginx.conf"]
    assert "host=postgres port=5432" in texts["pgbouncer.ini"]
    assert "haproxy:8405" in texts["prometheus-prometheus.yml"]
    for name, text in texts.items():
        hosts = set(re.findall(r"\b([a-z]+\d?):(?:8000|8080|5432|6432|6379|9090|9093|19187)\b", text))
        assert hosts <= compose["services"].keys(), name


def test_limits_are_those_of_the_targets_and_of_what_was_measured(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["api1"]["mem_limit"] == services["api2"]["mem_limit"] == "512m"
    assert services["valkey"]["mem_limit"] == "160m"  # 64 MB and half of it, and 64 MB beside
    assert services["postgres"]["image"] == "postgres:17"
    assert services["postgres"]["volumes"] == ["data:/var/lib/postgresql/data"]


def test_dollars_are_doubled_and_nothing_else_is_a_variable(compose: dict[str, Any]) -> None:
    text = text_of("compose", stack())
    variables = set(re.findall(r"(?<!\$)(?:\$\$)*\$(\{\w+|\w+)", text))
    assert variables == {"{API_IMAGE", "{PERFKIT_IMAGE"}
    assert "$$uri" in compose["configs"]["nginx.conf"]["content"]
