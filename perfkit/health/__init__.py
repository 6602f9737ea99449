"""Health checks of a server and a database: one file a family, each SQL's rows -> an outcome. Pure."""
