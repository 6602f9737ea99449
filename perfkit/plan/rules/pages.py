"""The pages under docs/rules/, one a rule and an index, made from the rules.

Run: python -m perfkit.plan.rules.pages [DIR]
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from perfkit.plan.rules import RULES
from perfkit.plan.rules.rule import Rule

FOLDER = Path(__file__).parents[3] / "docs" / "rules"
_NOTICE = "<!-- Made by `make docs` from perfkit/plan/rules/; change the rule, not this file. -->\n"


def pages() -> dict[str, str]:
    """Return the text of every page by its file name."""
    return {"README.md": index(RULES)} | {f"{rule.id}.md": page(rule) for rule in RULES}


def page(rule: Rule) -> str:
    """Return the text of a rule's page, in Markdown."""
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

Where it is right as it is, say so in the query's file, with the reason:

```sql
-- allow: {rule.id}  why it is right here
```
"""


def index(rules: Sequence[Rule]) -> str:
    """Return the text of the page that lists these rules."""
    rows = "\n".join(f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {rule.title} |" for rule in rules)
    return f"""{_NOTICE}
# The plan rules

What `perfkit analyze` finds in a plan. Each finding has the numbers that it goes by and what to do; the thresholds, each
with its reason, stand in [thresholds.py](../../perfkit/plan/rules/thresholds.py). Plans that are too small to matter are
not judged, and a plan that was only planned (EXPLAIN without ANALYZE) has no numbers to judge.

| rule | severity | what it finds |
|---|---|---|
{rows}
"""


def write(folder: Path) -> None:
    """Write all pages anew and take away those of rules that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = pages()
    for old in folder.glob("*.md"):
        if old.name not in texts and old.read_text("utf-8").startswith(_NOTICE):
            old.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
