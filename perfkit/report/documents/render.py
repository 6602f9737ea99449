"""The document of perfkit render: each file with what it was made from, or why it was not made."""

from collections.abc import Sequence

from perfkit.render.products import Rendered
from perfkit.report.document import Check, Document, Item, Listing, Paragraph, State, Tone
from perfkit.units import counted

SCHEMA = "perfkit.render/1"


def render_document(rendered: Sequence[Rendered], *, directory: str, dry_run: bool) -> Document:
    """Return the document of these products, whose files are, or would be, in the directory."""
    return Document(
        schema=SCHEMA,
        title=f"perfkit render{_what(rendered)} {'would be ' if dry_run else ''}written to {directory}",
        blocks=(Listing(title="", items=tuple(map(_item, rendered))),),
        checks=tuple(map(_check, rendered)),
        data={
            "directory": directory,
            "dry_run": dry_run,
            "products": [
                {
                    "product": each.product,
                    "files": sorted(each.files),
                    "sources": dict(each.sources),
                    "missing": [{"what": missing.what, "hint": missing.hint} for missing in each.missing],
                }
                for each in rendered
            ],
        },
    )


def _what(rendered: Sequence[Rendered]) -> str:
    if len(rendered) == 1:
        (only,) = rendered
        return f" {only.product}: {counted(only.files, 'file')}"
    made = sum(not each.missing for each in rendered)
    return (
        f": {made} of {len(rendered)} configurations"
        if made < len(rendered)
        else f": all {made} configurations"
    )


def _item(rendered: Rendered) -> Item:
    if rendered.missing:
        lines = [Paragraph(f"{each.what}: {each.hint}", Tone.WARN) for each in rendered.missing]
        return Item(heading=f"{rendered.product}: not written", lines=tuple(lines), tone=Tone.WARN)
    return Item(
        heading=_files(rendered),
        lines=tuple(
            Paragraph(f"{name.replace('_', ' ')}: {source}", Tone.FAINT)
            for name, source in rendered.sources.items()
        ),
        tone=Tone.GOOD,
    )


def _files(rendered: Rendered) -> str:
    """Return the file, or the folder with how many there are."""
    first, *others = sorted(rendered.files)
    return f"{first.partition('/')[0]}/ ({len(others) + 1} files)" if others else first


def _check(rendered: Rendered) -> Check:
    return Check(
        id=rendered.product,
        group="render",
        state=State.SKIPPED if rendered.missing else State.PASSED,
        message=f"not written: {'; '.join(each.what for each in rendered.missing)}"
        if rendered.missing
        else _files(rendered),
        detail="; ".join(each.hint for each in rendered.missing),
    )
