"""Benchmarks: what an import, a cache and a number of users cost, measured, and held against targets and baselines."""
