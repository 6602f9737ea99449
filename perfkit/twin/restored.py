"""What putting a snapshot's planner data in place gives: where the relations' files are, and what went wrong."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationFile:
    """Where a relation's main fork is, below the data directory, and that of a small b-tree that holds its ends."""

    schema: str
    name: str
    path: str
    ends_path: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The files of the twin's relations, all written to disk, and what could not be put in place."""

    files: tuple[RelationFile, ...]
    problems: tuple[str, ...]
