"""SQL of the db room, one statement a file."""

from functools import cache
from importlib.resources import files


@cache
def load(name: str) -> bytes:
    """Return the text of the file `name`.sql; bytes, as psycopg takes text that no literal in the code vouches for."""
    return files(__package__).joinpath(f"{name}.sql").read_bytes()
