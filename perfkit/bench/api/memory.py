"""Memory of the application's instances: of processes on this machine, or what their metrics tell."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from perfkit.bench.api.http import ask
from perfkit.bench.load.watch import memory_bytes
from perfkit.errors import MeasureError, UsageError

_ANSWER_S = 2.0
_FIGURE = "process_resident_memory_bytes"
_RESIDENT = re.compile(rf"^{_FIGURE}(?:\{{[^}}]*\}})? ([0-9.eE+]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instances:
    """Where the instances' memory is read: ids of processes on this machine, and URLs of metrics."""

    processes: tuple[int, ...] = ()
    metrics: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise UsageError for a process that is not there, MeasureError for metrics that do not tell."""
        for process in self.processes:
            if _process_bytes(process) is None:
                raise UsageError(
                    f"there is no process {process} on this machine",
                    hint="--metrics URL reads the memory of an instance that is elsewhere",
                )
        for url in self.metrics:
            if _told_bytes(url) is None:
                raise MeasureError(
                    f"{url} does not tell {_FIGURE}",
                    hint="is it the URL of Prometheus metrics? such as http://10.0.0.5:8000/metrics",
                )

    def memory_now(self) -> Mapping[str, int]:
        """Return the bytes of each instance that told: a process with its children, shared pages counted in parts."""
        found = {f"process {process}": _process_bytes(process) for process in self.processes}
        for url in self.metrics:
            with suppress(MeasureError):
                found[url] = _told_bytes(url)
        return {name: size_bytes for name, size_bytes in found.items() if size_bytes is not None}


def _process_bytes(process: int) -> int | None:
    """Return the proportional set size; without the right to see that, the resident set size; None when it is gone."""
    found = memory_bytes(process)
    if found is None:
        with suppress(OSError):
            text = Path(f"/proc/{process}/status").read_text("ascii", errors="replace")
            match = re.search(r"^VmRSS:\s+(\d+) kB", text, re.MULTILINE)
            return int(match[1]) * 1024 if match else None
    return found


def _told_bytes(url: str) -> int | None:
    """Return what the metrics tell, None for nothing of memory; ConnectError when they do not answer."""
    match = _RESIDENT.search(ask(url, limit_s=_ANSWER_S).body.decode(errors="replace"))
    return int(float(match[1])) if match else None
