"""valkey.conf: a cache of the size that was measured to pay, which keeps nothing on disk; Redis reads it too."""

from collections.abc import Iterator

from perfkit import units
from perfkit.render.heading import heading
from perfkit.render.model import CacheSize, Stack
from perfkit.render.thresholds import THRESHOLDS

FILE = "valkey.conf"
NEEDS = ("cache",)
_DAY_S = 86_400


def valkey_conf(stack: Stack) -> str:
    """Return the file, for Valkey, or Redis 6.2 and later; the password stays with who runs the server."""
    assert stack.cache
    cache, places = stack.cache.value, stack.places
    clients = stack.users.value * THRESHOLDS.clients_per_user + THRESHOLDS.clients_beside
    facts = (
        (f"maxmemory {units.format_bytes(cache.maxmemory_bytes)}, {cache.policy}", stack.cache.source),
        (f"{units.format_count(stack.users.value)} users", stack.users.source),
    )
    return (
        heading(FILE, facts, notes=_ttls(cache))
        + f"""
bind {places.valkey.host.strip("[]")}
port {places.valkey.port}
# The password is no part of this file: the line "requirepass ..." stands in a file of mode 600.
{f"include {places.password_file}" if places.password_file else "#include /etc/valkey/password.conf"}
protected-mode yes

maxmemory {cache.maxmemory_bytes}
maxmemory-policy {cache.policy}

# A cache: what is lost is read from the database again, so that nothing is written and no start waits for a disk.
save ""
appendonly no
stop-writes-on-bgsave-error no
{f'dir "{places.run}"' if places.run else "dir /var/lib/valkey"}

# Memory is given back by a thread of its own: a large entry that is evicted or expires holds up nobody.
lazyfree-lazy-eviction yes
lazyfree-lazy-expire yes
lazyfree-lazy-server-del yes
lazyfree-lazy-user-del yes
lazyfree-lazy-user-flush yes

maxclients {clients}
timeout {THRESHOLDS.cache_idle_s}
tcp-keepalive {THRESHOLDS.keep_alive_s}
# A command that takes 10 ms is one that all others waited for.
slowlog-log-slower-than 10000
slowlog-max-len 256
"""
    )


def _ttls(cache: CacheSize) -> Iterator[str]:
    """Yield how long entries should live, which applications set (SET ... EX)."""
    if cache.ttl_seconds:
        yield "how long entries of each query should live, which the application sets (SET ... EX seconds):"
    by_time: dict[float, list[str]] = {}
    for query, seconds in cache.ttl_seconds.items():
        by_time.setdefault(seconds, []).append(query)
    for seconds, queries in sorted(by_time.items()):
        yield f"  {seconds:g} s: {', '.join(sorted(queries))}"
