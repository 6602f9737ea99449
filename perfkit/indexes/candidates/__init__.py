"""Indexes that might help a statement: every kind that PostgreSQL has a use for, and none that exists already."""
