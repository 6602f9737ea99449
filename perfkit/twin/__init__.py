"""The twin: production as its planner sees it, on a server of our own, without a row of it."""
