"""SQLSTATE of the messages that a load meets: pgbench repeats the server's words, but not its codes (errcodes.txt)."""

UNKNOWN = "XX???"

_BEGINNINGS = {
    "canceling statement due to statement timeout": "57014",
    "canceling statement due to user request": "57014",
    "canceling statement due to lock timeout": "55P03",
    "could not obtain lock": "55P03",
    "deadlock detected": "40P01",
    "could not serialize access": "40001",
    "canceling statement due to conflict with recovery": "40001",
    "cannot execute": "25006",
    "sorry, too many clients already": "53300",
    "remaining connection slots are reserved": "53300",
    "too many connections for": "53300",
    "out of memory": "53200",
    "could not resize shared memory segment": "53100",
    "could not write to file": "53100",
    "out of shared memory": "53200",
    "terminating connection due to administrator command": "57P01",
    "the database system is shutting down": "57P03",
    "division by zero": "22012",
    "permission denied": "42501",
    "query_wait_timeout": "08P01",
    "prepared statement": "26000",
    "server closed the connection unexpectedly": "08006",
}


def sqlstate_of(message: str) -> str:
    """Return the code of a message in English, UNKNOWN for one that is not in the table."""
    found = (code for beginning, code in _BEGINNINGS.items() if message.startswith(beginning))
    return next(found, UNKNOWN)
