"""docs/alerts.md, the runbook of every alert, made from the alerts.

Run: python -m perfkit.monitor.rules.pages
"""

import sys
from pathlib import Path

from perfkit.monitor.rules.catalog import rules
from perfkit.monitor.rules.model import Alert, Goals, Urgency

FILE = Path(__file__).parents[3] / "docs" / "alerts.md"

# The settings' defaults; a user's own limits stand in the rules that perfkit writes.
_DEFAULT = Goals(request_s=0.2, memory_bytes=512 * 2**20)

_HEAD = """<!-- Made by `make docs` from perfkit/monitor/rules/; change the alert, not this file. -->

# What alerts, and what to do

`perfkit monitor rules` writes these alerts for Prometheus, each with unit tests in which it fires and in which it is
silent (`promtool test rules *-rules-test.yml`). Limits are the targets of perfkit.toml; those below are the defaults.

**critical** is for now, **warning** for working hours, **info** for when there is time.

## Three things they rely on

- Scrape every 15 s, evaluate every 30 s; `perfkit monitor serve --every 5min` or more often.
- The application counts requests as `http_requests_total{handler, method, status}`, times them as
  `http_request_duration_seconds{handler, method}`, and its process is known as `process_resident_memory_bytes`: the
  names of the usual middleware and client libraries. It is scraped as job `application`.
- The target of a simple request must be a bucket of that histogram (0.2 for 200 ms); else nothing is told of slow
  ones.

Objectives alert on how fast their share of bad events is used up, over a long window and a short one (Site Reliability
Workbook, chapter 5): 14.4 times over 1 h and 5 min, or 6 times over 6 h and 30 min, is for now; 3 times over a day and
2 h, or once over three days and 6 h, is for working hours. Objectives: 95 % of probes within their budgets, 99.9 % of
requests answered, 95 % of simple requests within the target; requests only where there are 100 of them in the window.
"""


def page() -> str:
    """Return the text of the page, in Markdown."""
    alerts = [alert for each in rules(_DEFAULT).values() for alert in each.every_alert]
    index = "\n".join(
        f"| [{alert.name}](#{alert.name.lower()}) | {alert.urgency} | {alert.lasting} | {_plain(alert.summary)} |"
        for alert in sorted(alerts, key=lambda alert: list(Urgency).index(alert.urgency))
    )
    table = f"| alert | severity | after | what it says |\n|---|---|---|---|\n{index}\n"
    return "\n".join([_HEAD, table, *map(_section, alerts)])


def _section(alert: Alert) -> str:
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(alert.steps, 1))
    return f"""## {alert.name}

*{alert.urgency}, after {alert.lasting}.* {alert.meaning}

```
{alert.expression}
```

{steps}
"""


def _plain(text: str) -> str:
    """Return a template as one reads it."""
    return text.replace("{{ $labels.", "*").replace(" }}", "*")


def main() -> None:
    """Write the page."""
    FILE.write_text(page(), "utf-8")
    sys.stdout.write(f"{FILE}\n")


if __name__ == "__main__":
    main()
