"""Dashboards in Grafana's words: JSON as its provisioning reads it, and the files that tell it where to read."""

from collections.abc import Mapping
from itertools import count

from grafana_foundation_sdk.builders import dashboard as page
from grafana_foundation_sdk.builders import prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as words

from perfkit.monitor import metrics as m
from perfkit.monitor.dashboards.around import EXPORTER, TARGETS, application
from perfkit.monitor.dashboards.model import Ask, Dashboard, Panel, Shape
from perfkit.monitor.dashboards.server import CACHE, HEALTHY, QUERIES, SESSIONS
from perfkit.monitor.rules.model import Goals
from perfkit.monitor.yaml import Value, to_yaml

_Panel = stat.Panel | table.Panel | timeseries.Panel

_SOURCE = words.DataSourceRef(type_val="prometheus", uid="${datasource}")
_TAG = "perfkit"
_HEIGHTS = {Shape.NUMBER: 4, Shape.LINES: 8, Shape.TABLE: 8}


def dashboards(goals: Goals) -> tuple[Dashboard, ...]:
    """Return every dashboard, in the order in which one looks."""
    return HEALTHY, QUERIES, SESSIONS, CACHE, TARGETS, application(goals), EXPORTER


def dashboard_files(goals: Goals, *, prometheus_url: str, folder: str) -> dict[str, str]:
    """Return the text of each file by its path; Grafana finds the dashboards in `folder` on its machine."""
    files = {f"dashboards/{each.id}.json": to_json(each) for each in dashboards(goals)}
    return files | {
        "provisioning/datasources/perfkit.yml": to_yaml(_datasource(prometheus_url)),
        "provisioning/dashboards/perfkit.yml": to_yaml(_provider(folder)),
    }


def to_json(dashboard: Dashboard) -> str:
    """Return the dashboard as Grafana stores it."""
    made = (
        page.Dashboard(dashboard.title)
        .uid(dashboard.id)
        .description(dashboard.about)
        .tags([_TAG])
        .time("now-6h", "now")
        .refresh("30s")
        .readonly()
        .with_variable(page.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(_instances())
        .link(
            page.DashboardLink("perfkit")
            .type(words.DashboardLinkType.DASHBOARDS)
            .tags([_TAG])
            .keep_time(True)
        )
    )
    for panel in dashboard.panels:
        made = made.with_panel(_panel(panel))
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def _instances() -> page.QueryVariable:
    return (
        page.QueryVariable("instance")
        .label("Exporter")
        .datasource(_SOURCE)
        .query(f"label_values({m.UP}, instance)")
        .refresh(words.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .include_all(True)
        .all_value(".*")
        .multi(True)
        .current(words.VariableOption(text="All", value="$__all"))
    )


def _panel(panel: Panel) -> _Panel:
    made = _shaped(panel)
    (
        made.title(panel.title)
        .description(panel.about)
        .datasource(_SOURCE)
        .unit(panel.unit)
        .span(panel.width)
        .height(_HEIGHTS[panel.shape])
        .thresholds(_thresholds(panel))
    )
    for number, ask in zip(count(), panel.asks, strict=False):
        made.with_target(_target(ask, chr(ord("A") + number), panel.shape))
    return made


def _shaped(panel: Panel) -> _Panel:
    if panel.shape is Shape.NUMBER:
        return stat.Panel()
    if panel.shape is Shape.TABLE:
        # One column a label, without those that say where the sample comes from.
        hidden = dict.fromkeys(("Time", "__name__", "job", "instance"), True)
        transformation = words.DataTransformerConfig(id_val="organize", options={"excludeByName": hidden})
        return table.Panel().with_transformation(transformation)
    return timeseries.Panel().fill_opacity(10).line_width(1)


def _thresholds(panel: Panel) -> page.ThresholdsConfig:
    first, above = ("red", "green") if panel.good_when_high else ("green", "red")
    steps = [words.Threshold(value=None, color=first)]
    if panel.warn is not None:
        steps.append(words.Threshold(value=panel.warn, color="yellow"))
    if panel.bad is not None:
        steps.append(words.Threshold(value=panel.bad, color=above))
    return page.ThresholdsConfig().mode(words.ThresholdsMode.ABSOLUTE).steps(steps)


def _target(ask: Ask, name: str, shape: Shape) -> prometheus.Dataquery:
    target = prometheus.Dataquery().ref_id(name).expr(ask.expression).legend_format(ask.legend or "__auto")
    if shape is Shape.LINES:
        return target.range()
    return target.instant().format("table" if shape is Shape.TABLE else "time_series")  # type: ignore[arg-type]


def _datasource(url: str) -> Mapping[str, Value]:
    source: Value = {
        "name": "Prometheus",
        "type": "prometheus",
        "access": "proxy",
        "url": url,
        "isDefault": True,
    }
    return {"apiVersion": 1, "datasources": [source]}


def _provider(folder: str) -> Mapping[str, Value]:
    provider: Value = {
        "name": "perfkit",
        "folder": "perfkit",
        "type": "file",
        "allowUiUpdates": False,
        "options": {"path": folder},
    }
    return {"apiVersion": 1, "providers": [provider]}
