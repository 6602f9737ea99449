"""The size of an index of any access method."""

from perfkit.twin.size.brin import brin_size
from perfkit.twin.size.btree import btree_size
from perfkit.twin.size.facts import IndexFacts, IndexSize
from perfkit.twin.size.gin import gin_size
from perfkit.twin.size.gist import gist_size
from perfkit.twin.size.hash import hash_size

_METHODS = {"btree": btree_size, "gin": gin_size, "brin": brin_size, "hash": hash_size, "gist": gist_size}


def estimate_size(facts: IndexFacts) -> IndexSize:
    """Return the size of the index, freshly built; an access method that is not known is taken as GiST."""
    return _METHODS.get(facts.method, gist_size)(facts)
