"""What apply does before it applies when it is asked to verify: the changes of a file tried on copies, the bad ones left out."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.change_options import ScratchCopies
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.apply.changes import Changes, Creation, Removal
    from perfkit.apply.prepare import Catalog
    from perfkit.db.server import GuardedServer
    from perfkit.indexes.change import Change
    from perfkit.indexes.verify import Verified
    from perfkit.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofOptions:
    """Whether only what is measured to help is applied, and how it is measured."""

    verify: Annotated[
        bool,
        typer.Option("--verify", help="Try it on a copy first, measure, and keep what is measured to help."),
    ] = False
    copies: ScratchCopies = None
    queries: Annotated[
        Path | None, typer.Option("--queries", "-q", metavar="DIR", help="For --verify: the catalog.")
    ] = None
    seed: Annotated[int | None, typer.Option("--seed", help="For --verify: seed of drawn cases.")] = None
    samples: Annotated[
        int | None, typer.Option("--samples", "-n", min=1, help="For --verify: runs a case.")
    ] = None

    def __post_init__(self) -> None:
        """Raise UsageError for what is said of a verification that nobody asked for."""
        for name, value in (*self.measuring.items(), ("copies", self.copies)):
            if value is not None and not self.verify:
                raise UsageError(f"--{name} is for a verification", hint="ask for it: --verify")

    @property
    def measuring(self) -> dict[str, object]:
        """Return the settings of what is measured."""
        return {"queries": self.queries, "seed": self.seed, "samples": self.samples}


def proposed(asked: "Changes", catalog: "Catalog") -> "dict[Creation | Removal, Change]":
    """Return each change of a file that is still to be made, as it is tried on a copy."""
    from perfkit.apply.changes import Changes
    from perfkit.apply.prepare import prepare
    from perfkit.apply.steps import DROPPING, index_change
    from perfkit.indexes.change import Removal as IndexRemoval

    alone: dict[Creation | Removal, Changes] = {
        **{each: Changes(create=(each,), drop=()) for each in asked.create},
        **{each: Changes(create=(), drop=(each,)) for each in asked.drop},
    }
    found: dict[Creation | Removal, Change] = {}
    for each, changes in alone.items():
        change = index_change(prepare(changes, catalog, allow_locks=True).steps.do)
        if change is None:
            continue
        step, definition = change
        if step.action in DROPPING and step.index:
            removal = IndexRemoval(schema=step.index.schema, name=step.index.name, definition=definition)
            found[each] = removal
        else:
            found[each] = definition
    return found


def proved(
    asked: "Changes",
    tried: "dict[Creation | Removal, Change]",
    settings: "Settings",
    server: "GuardedServer",
    copies: str | None,
) -> "tuple[Changes, Verified]":
    """Return what is left of a file's changes when those that were `tried` on copies are measured, and the measurements."""
    from perfkit.apply.changes import Changes
    from perfkit.cli.verify import verified

    found = verified(settings, server, tuple(dict.fromkeys(tried.values())), copies=copies)
    out = {each for each, change in tried.items() if change not in found.kept}
    left = Changes(
        create=tuple(each for each in asked.create if each not in out),
        drop=tuple(each for each in asked.drop if each not in out),
    )
    return left, found
