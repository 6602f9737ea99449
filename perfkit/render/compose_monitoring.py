"""The part of compose.yaml that watches: Prometheus, Alertmanager, Grafana and perfkit's exporter, a profile of its own."""

from collections.abc import Mapping

from perfkit.monitor.yaml import Value
from perfkit.render.model import Stack
from perfkit.render.monitoring import alertmanager_files, grafana_files, prometheus_files

PROFILE = "monitoring"
EXPORTER_PORT, PROMETHEUS_PORT, ALERTMANAGER_PORT, GRAFANA_PORT = 19187, 9090, 9093, 3000


def watching(stack: Stack, database: str) -> tuple[dict[str, Value], dict[str, str]]:
    """Return the services, and the texts of their configurations by name; `stack` has the addresses between them."""
    # The rules' tests are for who changes them, not for the server.
    prometheus = {
        path: text for path, text in prometheus_files(stack).items() if not path.endswith("-test.yml")
    }
    alertmanager = alertmanager_files(stack)
    services = {
        "perfkit": _exporter(database),
        "prometheus": _prometheus(prometheus),
        "alertmanager": {
            "image": "prom/alertmanager:latest",
            **_common(),
            "configs": _configs(alertmanager, "alertmanager/", "/etc/alertmanager/"),
        },
    }
    texts = prometheus | alertmanager
    if stack.dashboards:
        grafana = grafana_files(stack)
        services["grafana"] = _grafana(grafana, stack.dashboards.value)
        texts |= grafana
    return services, {_name(path): text for path, text in texts.items()}


def _exporter(database: str) -> Value:
    return {
        "image": "${PERFKIT_IMAGE:-perfkit}",
        **_common(),
        "command": [
            *("perfkit", "monitor", "serve", f"--listen=0.0.0.0:{EXPORTER_PORT}", "--queries=/queries"),
            # Between containers every server is on another machine, and the stack has but this one.
            "--analyze-on-primary",
        ],
        "environment": {
            "PGHOST": "postgres",
            "PGDATABASE": database,
            "PGUSER": "perfkit",
            "PGPASSFILE": "/run/secrets/pgpass",
        },
        "volumes": ["./queries:/queries:ro"],
        "secrets": ["pgpass"],
    }


def _prometheus(files: Mapping[str, str]) -> Value:
    return {
        "image": "prom/prometheus:latest",
        **_common(),
        "configs": _configs(files, "prometheus/", "/etc/prometheus/"),
        "volumes": ["metrics:/prometheus"],
    }


def _grafana(files: Mapping[str, str], folder: str) -> Value:
    dashboards = {path: text for path, text in files.items() if path.endswith(".json")}
    others = {path: text for path, text in files.items() if path not in dashboards}
    return {
        "image": "grafana/grafana:latest",
        **_common(),
        "ports": [f"127.0.0.1:{GRAFANA_PORT}:{GRAFANA_PORT}"],
        "configs": [
            *_configs(dashboards, "grafana/dashboards/", f"{folder}/"),
            *_configs(others, "grafana/", "/etc/grafana/"),
        ],
    }


def _common() -> dict[str, Value]:
    return {"profiles": [PROFILE], "restart": "unless-stopped"}


def _configs(files: Mapping[str, str], folder: str, target: str) -> list[Value]:
    return [
        {"source": _name(path), "target": f"{target}{path.removeprefix(folder)}"} for path in sorted(files)
    ]


def _name(path: str) -> str:
    return path.replace("/", "-")
