"""The syntax room: SQL text as PostgreSQL reads it, from tokens to what a statement calls and names. Pure."""
