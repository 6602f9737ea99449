"""Why cases were not measured: each reason once, with all the cases that it kept from running."""

from collections.abc import Iterable

from perfkit import units
from perfkit.measure.model import CaseResult, Problem, ProblemKind
from perfkit.report.document import Item, Listing, Paragraph, Tone


def problems_listing(title: str, results: Iterable[CaseResult]) -> tuple[Listing, ...]:
    """Return the listing of those that have a problem, none where all ran."""
    groups: dict[Problem, list[CaseResult]] = {}
    for result in results:
        if result.problem:
            groups.setdefault(result.problem, []).append(result)
    items = tuple(_item(problem, group) for problem, group in groups.items())
    return (Listing(title=title, items=items),) if items else ()


def _item(problem: Problem, group: list[CaseResult]) -> Item:
    several = len(group) > 1
    what = units.counted(group, "case") if several else group[0].case.id
    queries = ", ".join(dict.fromkeys(result.query.name for result in group))
    texts = ([f"of {queries}"] if several else []) + ([f"hint: {problem.hint}"] if problem.hint else [])
    return Item(
        heading=f"{what} ({problem.kind}): {problem.message}",
        lines=tuple(Paragraph(text, Tone.FAINT) for text in texts),
        tone=Tone.BAD if problem.kind is ProblemKind.ERROR else Tone.WARN,
    )
