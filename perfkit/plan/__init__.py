"""The plan room: EXPLAIN output becomes a tree, derived numbers, a shape, and findings. Pure."""
