"""The only room that talks to PostgreSQL: connections, the guard, EXPLAIN, introspection."""
