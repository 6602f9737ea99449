"""Indexes that might help a statement: every kind that PostgreSQL has a use for, also those that exist already."""
