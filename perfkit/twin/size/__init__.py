"""The size of an index that is not built: pages, rows, height, from statistics alone.

`estimate_size(facts)` takes what `perfkit.db.index_facts.read_index_facts` reads of an index, empty or not.
"""

from perfkit.twin.size.estimate import estimate_size
from perfkit.twin.size.facts import GinPages, IndexColumn, IndexFacts, IndexSize, Statistics

__all__ = ["GinPages", "IndexColumn", "IndexFacts", "IndexSize", "Statistics", "estimate_size"]
