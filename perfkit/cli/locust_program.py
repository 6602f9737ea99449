"""The program that has Locust's users of the catalog; libpq's environment has the password.

Its arguments are the conninfo, and a word where the users may write.

Nobody calls it but perfkit.
"""

import sys

# First: it makes input and output cooperative, which psycopg looks at when it is imported.
from perfkit.bench.locust.roles import serve  # isort: skip
from perfkit.bench.load.locust_users import Session, Stage
from perfkit.db.load_session import LoadSession


def main(conninfo: str, *writes: str) -> None:
    """Serve orders."""

    def open_session(name: str, prepared: bool) -> Session:  # noqa: FBT001  # OpenSession's face
        return LoadSession(conninfo, name, prepared=prepared, writes=bool(writes))

    serve(Stage(open_session))


if __name__ == "__main__":
    main(*sys.argv[1:])
