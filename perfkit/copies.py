"""Two databases alike: `base` stays as it is, a change is made to `head`."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Connection strings of two copies, which may hold a password; `note` says what they lack, or is ''."""

    base: str = field(repr=False)
    head: str = field(repr=False)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """How a database keeps and sorts text, in PostgreSQL's words; the provider is c, i or b."""

    encoding: str
    provider: str
    collate: str
    character_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A database that is to be dumped, and what a dump of it leaves out.

    `conninfo` is libpq's, without the password, so that it may stand in a command line. `version` is
    server_version_num, `settings` are what a session there has of the planner's, the database's and the role's own.
    """

    conninfo: str
    password: str = field(repr=False)
    version: int
    name: str
    locale: Locale
    settings: Mapping[str, str]
