"""The pages under docs/rules/, one a rule and an index, made from the rules: `python -m perfkit.plan.rules.pages`."""

from pathlib import Path

from perfkit.plan.rules import RULES
from perfkit.plan.rules.rule import Rule

FOLDER = Path(__file__).parents[3] / "docs" / "rules"
_NOTICE = "<!-- Made by `make docs` from perfkit/plan/rules/; change the rule, not this file. -->\n"


def pages() -> dict[str, str]:
    """Return the text of every page by its file name."""
    return {"README.md": _index()} | {f"{rule.id}.md": _page(rule) for rule in RULES}


def _page(rule: Rule) -> str:
    return f"""{_NOTICE}
# {rule.id}

{rule.title}. Usually {"an" if rule.severity.value[0] in "aeiou" else "a"} **{rule.severity}**.

## Why it matters

{rule.why}

## Bad

```
{rule.bad}
```

## Good

```
{rule.good}
```

## What to do

{rule.fix}
"""


def _index() -> str:
    rows = "\n".join(f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {rule.title} |" for rule in RULES)
    return f"""{_NOTICE}
# The plan rules

What `perfkit analyze` finds in a plan. Each finding has the numbers that it goes by and what to do; the thresholds, each
with its reason, stand in [thresholds.py](../../perfkit/plan/rules/thresholds.py). Plans that are too small to matter are
not judged, and a plan that was only planned (EXPLAIN without ANALYZE) has no numbers to judge.

| rule | severity | what it finds |
|---|---|---|
{rows}
"""


def write() -> None:
    """Write all pages anew and take away those of rules that are no more."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    texts = pages()
    for old in FOLDER.glob("*.md"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
