"""Words of options that benches of many users share: steps of a ramp, a master's address."""

from perfkit.bench.locust.program import Master, address_of
from perfkit.errors import UsageError


def users_of(text: str) -> tuple[int, ...]:
    """Return the steps of a ramp such as 1,10,100, each once, the smallest first; raises UsageError."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and int(word) for word in words):
        raise UsageError(f"--users {text!r} is no list of numbers", hint="such as --users 1,10,100")
    return tuple(sorted({int(word) for word in words}))


def master_of(address: str | None, workers: int | None) -> Master | None:
    """Return the master at a HOST:PORT, who waits for one worker unless told of more; None without an address."""
    if address is None:
        return None
    host, port = address_of(address)
    return Master(host=host, port=port, workers=workers or 1)
