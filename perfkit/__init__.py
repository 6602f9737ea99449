"""perfkit: a performance toolkit for an existing PostgreSQL database."""

__version__ = "0.1.0"
