"""Hits predicted from a stream of requests are those of a real server that is full."""

import math
import time
from contextlib import closing
from pathlib import Path

import pytest

from perfkit.bench.cache.calibrate import calibrate
from perfkit.bench.cache.policies import Conditions, Policy, simulate
from perfkit.bench.cache.stage import Stage
from perfkit.bench.cache.stream import Shape, Source, draw_stream
from perfkit.embedded import start_valkey, stop_valkey
from perfkit.kv.valkey import ValkeyCache
from tests.db.cached import person, stage_without_database


def test_hits_are_predicted_within_two_points_of_a_full_server(server_folder: Path) -> None:
    server = start_valkey(server_folder / "full", settings={"maxmemory": "0"}, die_with_parent=True)
    try:
        with closing(ValkeyCache(server.url, "")) as cache:
            check_prediction(stage_without_database(server.url, cache), cache)
    finally:
        stop_valkey(server_folder / "full")


def check_prediction(stage: Stage, cache: ValkeyCache) -> None:
    keys = tuple(person(n) for n in range(3_000))
    source = Source(keys=keys, tables=(), per_minute=100)
    stream = draw_stream([source], [], requests=6_000, shape=Shape(skew=0.9, write_share=None, seed=4))
    payloads = [100.0 + (n * 37) % 1_900 for n in range(len(keys))]
    stage.limit(0, "allkeys-lru")
    model, _ = calibrate(stage, keys, payloads)
    sizes = [model.entry_bytes(size + 2) for size in payloads]
    for policy in (Policy.LRU, Policy.LFU):
        capacity = 0.3 * sum(sizes)
        stage.empty()
        stage.limit(round(model.baseline_bytes + capacity), policy)
        hits, began = 0, time.perf_counter()
        for event in stream.events:
            if cache.get_many([keys[event].name])[0] is not None:
                hits += 1
            else:
                cache.set(keys[event].name, b"x" * round(payloads[event] + 2))
        conditions = Conditions(
            capacity_bytes=capacity,
            policy=policy,
            seconds_per_request=(time.perf_counter() - began) / len(stream.events),
            ttl_seconds=[math.inf] * len(keys),
        )
        predicted = simulate(stream, sizes, conditions).hit_share
        assert predicted == pytest.approx(hits / len(stream.events), abs=0.02), policy
