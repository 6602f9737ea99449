"""SQL of the db room, one statement a file; what several say alike is a part, a file of its own."""

import re
from functools import cache
from importlib.resources import files

_PART = re.compile(rb"/\* (part_\w+) \*/")


@cache
def load(name: str) -> bytes:
    """Return the text of the file `name`.sql; bytes, as psycopg takes text that no literal in the code vouches for.

    `/* part_NAME */` in it stands for the text of that file.
    """
    text = files(__package__).joinpath(f"{name}.sql").read_bytes()
    return _PART.sub(lambda found: load(found[1].decode()), text)
