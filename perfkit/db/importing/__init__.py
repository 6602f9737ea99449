"""Imports on a real server: a scratch copy of a table, the ways of filling it, and the import that accounts for every record."""
