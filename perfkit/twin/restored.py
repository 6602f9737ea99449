"""What the database room gives back of the twin: where the files of relations are, and what could not be made."""

from dataclasses import dataclass

from perfkit.syntax.index import IndexDefinition
from perfkit.twin.pages import BLOCK_BYTES
from perfkit.twin.snapshot import RelationSize


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEnds:
    """Where the ends of an index are: the file of a b-tree, and the rows in it of the lowest and the highest value.

    The file is named below the data directory, a row by its "(block,offset)".
    """

    path: str
    lowest: str
    highest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationFile:
    """Where a relation's main fork is, below the data directory, and where an index has its ends, if they are known."""

    schema: str
    name: str
    path: str
    ends: IndexEnds | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The files of the twin's relations, all written to disk, and what could not be put in place."""

    files: tuple[RelationFile, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeIndex:
    """An empty index on the twin that is to look as if it were built: its estimated size, its file, its table's blocks."""

    size: RelationSize
    path: str
    table_blocks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeCandidate:
    """A candidate on the twin: its indexes, several on a partitioned table, or the `problem` that kept it from being made.

    All of its `oids` are not valid until they are asked for; `names` are those of its indexes, as plans name them.
    """

    definition: IndexDefinition
    oids: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    indexes: tuple[MadeIndex, ...] = ()
    problem: str = ""

    @property
    def size_bytes(self) -> int:
        """Return how large it would be in all."""
        return sum(each.size.blocks for each in self.indexes) * BLOCK_BYTES
