"""What the tests know of the office's database, which conftest makes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Office:
    """An alumni office's database: the DSN of the ordinary role that owns it, and of the superuser."""

    dsn: str
    superuser_dsn: str
    password: str
