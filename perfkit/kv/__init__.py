"""Key-value servers: the only room that talks to Valkey or Redis."""
