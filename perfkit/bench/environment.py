"""Where a bench runs: the machine of the client, and the server with fixed work that tells how fast it is."""

import os
import platform
from dataclasses import replace

from perfkit import __version__, stats
from perfkit.bench.result import Environment
from perfkit.measure.calibration import calibrate
from perfkit.measure.model import Server


def environment_of(server: Server) -> Environment:
    """Return the environment of a bench on the server; raises MeasureError where the server cannot be asked."""
    facts = server.facts([])
    calibration = {name: stats.median(times) for name, times in calibrate(server).items() if times}
    return replace(
        client_environment(facts.version_text), server_version=facts.version, calibration=calibration
    )


def client_environment(server: str) -> Environment:
    """Return the environment of a bench on what is no PostgreSQL server, in words: its version is 0."""
    return Environment(
        perfkit=__version__,
        server=server,
        server_version=0,
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_bytes=_memory_bytes(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
    )


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None
