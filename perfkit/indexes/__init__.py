"""Which indexes to create and to drop: candidates, what-if, selection under a budget, drops."""
