"""How true bench cache is: predicted hits against a real Valkey's, stale reads of 100,000 requests, its own overhead.

Run: python -m tests.bench.bench_cache (about ten minutes), or make bench-cache
"""

import argparse
import math
import random
import secrets
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from perfkit.bench.cache.aside import Invalidation, invalidate
from perfkit.bench.cache.calibrate import calibrate, value_bytes
from perfkit.bench.cache.distances import stack_distances
from perfkit.bench.cache.memory import MemoryModel
from perfkit.bench.cache.policies import Conditions, Policy, simulate
from perfkit.bench.cache.run import Connections, Seen, Way, run_stream
from perfkit.bench.cache.stage import Stage
from perfkit.bench.cache.stream import Key, Shape, Source, Stream, draw_stream
from perfkit.bench.cache.truth import Truth
from perfkit.db.cache_reader import CachedDatabase
from perfkit.db.cache_scratch import listening, scratch_schema
from perfkit.db.guard import Guard
from perfkit.embedded import start_valkey, stop_valkey
from perfkit.kv.valkey import ValkeyCache
from perfkit.plan.runs import Statement
from tests.bench.demo_server import demo_in, running_demo
from tests.bench.figure import Figure, table
from tests.db.cached import stage_without_database

KEYS, SKEWS, SIZES = 6_000, (0.6, 0.9, 1.2), (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9)
TABLES = 5
# For a larger value, which redis-py sends in pieces, Valkey takes a buffer of up to 64 kB for a second, and evicts for it:
# most of the smallest cache here, which is a tenth of what a server takes that holds nothing, but little of a real one.
LARGEST = 6_000
POINTS_MOST = 2.0
# The smallest cache here is as large as a few connections' buffers, which grow and shrink: they are looked at meanwhile.
_LOOK_EACH = 250


def figures(given: argparse.Namespace) -> Iterator[Figure]:
    with _valkey() as url:
        yield from _predictions(url, given.grid_requests)
    with demo_in(given.dir, alumni=given.alumni) as directory, _valkey() as url:
        dsn = running_demo(directory).dsn
        for invalidation in (Invalidation.VERSION, Invalidation.NOTIFY):
            seen = _run(dsn, url, invalidation, given.requests)
            yield Figure(
                what=f"stale reads, {invalidation}",
                measured=float(seen.stale),
                most=0.0,
                unit="reads",
                detail=f"of {seen.reads:,} among {len(seen.write_ms):,} writes, 4 clients, {seen.hit_share:.1%} hit,"
                f" {seen.early:,} early, {seen.late_writes:,} late writes, {seen.seconds:.0f} s",
            )


@contextmanager
def _valkey() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="perfkit-bench-"))
    try:
        yield start_valkey(folder / "valkey", settings={"maxmemory": "0"}, die_with_parent=True).url
    finally:
        stop_valkey(folder / "valkey")
        shutil.rmtree(folder)


def _predictions(url: str, requests: int) -> Iterator[Figure]:
    """Yield the largest difference, in points, between predicted and measured hits, of each skew and policy."""
    chance = random.Random(3)
    payloads = [float(min(LARGEST, max(20, round(chance.lognormvariate(6.3, 1.0))))) for _ in range(KEYS)]
    keys = tuple(_key(number, "SELECT 1") for number in range(KEYS))
    with closing(ValkeyCache(url, "")) as cache:
        stage = stage_without_database(url, cache)
        model, _ = calibrate(stage, keys, payloads)
        values = [round(value_bytes(key, size)) for key, size in zip(keys, payloads, strict=True)]
        for skew in SKEWS:
            source = Source(keys=keys, tables=(), per_minute=100)
            shape = Shape(skew=skew, write_share=None, seed=5)
            stream = draw_stream([source], [], requests=requests, shape=shape)
            for policy in (Policy.LRU, Policy.LFU):
                found = [
                    _difference(stage, cache, stream, values, model, policy=policy, size=size)
                    for size in SIZES
                ]
                yield Figure(
                    what=f"hits predicted, skew {skew}, {policy}",
                    measured=max(abs(each) for each in found),
                    most=POINTS_MOST,
                    unit="points",
                    detail=f"at {len(SIZES)} sizes: {' '.join(f'{each:+.1f}' for each in found)}",
                )


def _difference(
    stage: Stage,
    cache: ValkeyCache,
    stream: Stream,
    values: Sequence[int],
    model: MemoryModel,
    *,
    policy: Policy,
    size: float,
) -> float:
    entries = [model.entry_bytes(value) for value in values]
    capacity = size * sum(entries[number] for number in set(stream.events))
    stage.empty()
    stage.limit(round(model.baseline_bytes + capacity), policy)
    hits, clients, began = 0, [], time.perf_counter()
    for place, event in enumerate(stream.events):
        name = stream.keys[event].name
        if place % _LOOK_EACH == 0:
            clients.append(sum(stage.clients_bytes()))
        if cache.get_many([name])[0] is not None:
            hits += 1
        else:
            cache.set(name, b"x" * values[event])
    conditions = Conditions(
        capacity_bytes=capacity + model.clients_bytes - statistics.fmean(clients),
        policy=policy,
        seconds_per_request=(time.perf_counter() - began) / len(stream.events),
        ttl_seconds=[math.inf] * len(values),
    )
    measured = 100 * hits / len(stream.events)
    predicted = 100 * simulate(stream, entries, conditions).hit_share
    ideal = 100 * stack_distances(stream, entries).hit_share(capacity)
    sys.stderr.write(
        f"{policy} {size:.0%}: predicted {predicted:.1f}, {measured:.1f} hit, true LRU {ideal:.1f}\n"
    )
    return predicted - measured


def _run(dsn: str, url: str, invalidation: Invalidation, requests: int) -> Seen:
    text = "SELECT person_id, family_name FROM alumni.people WHERE person_id = $1"
    keys = tuple(_key(number, text, number % TABLES) for number in range(1, 1_000))
    writes = [Source(keys=(), tables=(number,), per_minute=1) for number in range(TABLES)]
    stream = draw_stream(
        [Source(keys=keys, tables=(), per_minute=6_000), *writes],
        [f"table {number}" for number in range(TABLES)],
        requests=requests,
        shape=Shape(skew=0.9, write_share=0.02, seed=1),
    )
    guard, prefix, truth = Guard(), f"bench:{secrets.token_hex(4)}:", Truth()
    way = Way(invalidation=invalidation, protected=True, ttl_seconds=[math.inf] * len(keys))
    with scratch_schema(dsn, guard, tables=TABLES) as scratch, closing(ValkeyCache(url, prefix)) as cache:

        def heard(number: int, version: int) -> None:
            invalidate(cache, {number: version})
            truth.apply(number, version)

        connections = Connections(
            cache=partial(ValkeyCache, url, prefix),
            database=partial(CachedDatabase, dsn, guard, scratch),
            clients=4,
        )
        with listening(dsn, scratch, heard):
            return run_stream(stream, way, connections, truth, lambda _done, _total, _name: None)


def _key(number: int, text: str, *tables: int) -> Key:
    values = (str(number),) if "$1" in text else ()
    statement = Statement(
        text=text, types=("bigint",) * len(values), values=values, writes=False, volatile=False
    )
    return Key(query="person", name=f"person:{number:08}", statement=statement, tables=tables)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_cache", description=__doc__)
    parser.add_argument("--alumni", type=int, default=5_000, help="size of the demo that is made")
    parser.add_argument("--dir", type=Path, help="a running demo to use instead")
    parser.add_argument("--requests", type=int, default=100_000, help="of a run that is held to the truth")
    parser.add_argument("--grid-requests", type=int, default=12_000, help="of a run at one size")
    found = list(figures(parser.parse_args()))
    sys.stdout.write(table(found))
    sys.exit(not all(figure.met for figure in found))


if __name__ == "__main__":
    main()
