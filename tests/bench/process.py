"""A command run to its end as a process of its own: how long it took, and the most memory it held."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PERFKIT = (sys.executable, "-m", "perfkit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A command that ended: its exit code, wall time, processor time of its own, and peak memory."""

    exit_code: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    errors: str


def run(
    command: Sequence[str | Path],
    *,
    accepted: tuple[int, ...] = (0,),
    environ: Mapping[str, str] | None = None,
) -> Finished:
    """Return the finished command; its output is dropped. RuntimeError with its last words for another exit code."""
    started = time.perf_counter()
    process = subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | dict(environ or {}),
    )
    assert process.stderr is not None
    with process.stderr:
        errors = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in accepted:
        raise RuntimeError(f"{' '.join(map(str, command))} exited {process.returncode}: {errors[-2000:]}")
    return Finished(
        exit_code=process.returncode,
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,  # Linux counts kB
        errors=errors,
    )
