"""Serving: the door, the worker and what stands around, from the start to a clean end."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics

from perfkit.monitor.families import BoardCollector
from perfkit.monitor.http import Door, open_door
from perfkit.monitor.instruments import instruments_in
from perfkit.monitor.model import Board
from perfkit.monitor.page import Page
from perfkit.monitor.surroundings import Surroundings, watch_surroundings
from perfkit.monitor.worker import Watch, Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """Everything that is exported, where, and how often each case is probed."""

    door: Door
    watch: Watch
    surroundings: Surroundings
    every_s: float


def serve(exporter: Exporter, stop: Event, tell: Callable[[str], None]) -> None:
    """Serve until `stop` is set, `tell` the URL; raises UsageError, and what ended a worker that should not have ended.

    A statement that runs is cancelled, and the connection closed, before this returns.
    """
    board = Board(interval_s=exporter.every_s)
    # A second series for each counter, which nobody reads.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client says no types here
    registry = CollectorRegistry()
    instruments = instruments_in(registry)
    registry.register(BoardCollector(board))
    ProcessCollector(registry=registry)
    worker = Worker(exporter.watch, board, instruments)
    with (
        open_door(exporter.door, Page(board, registry), instruments) as url,
        ThreadPoolExecutor(2) as threads,
    ):
        running: tuple[Future[None], ...] = (
            threads.submit(worker.run, stop),
            threads.submit(watch_surroundings, exporter.surroundings, board, instruments, stop),
        )
        for each in running:
            each.add_done_callback(lambda _: stop.set())
        try:
            tell(url)
            stop.wait()
        finally:
            stop.set()
            exporter.watch.database.end()
        for each in running:
            each.result()
