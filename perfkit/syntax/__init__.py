"""The syntax room: SQL text as PostgreSQL reads it, from tokens to what a statement calls and names."""

from perfkit.syntax.statement import function_calls, relation_names

__all__ = ["function_calls", "relation_names"]
