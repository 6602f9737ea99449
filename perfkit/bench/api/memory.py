"""Memory of the application's instances: of processes on this machine, or what their metrics tell."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from perfkit.bench.api.http import ask
from perfkit.bench.load.watch import memory_bytes
from perfkit.errors import MeasureError

_ANSWER_S = 2.0
_RESIDENT = re.compile(r"^process_resident_memory_bytes(?:\{[^}]*\})? ([0-9.eE+]+)", re.MULTILINE)


def memory_now(processes: Iterable[int], metrics: Iterable[str]) -> Mapping[str, int]:
    """Return the bytes of each instance that told: a process with its children, shared pages counted in parts; or a URL."""
    found = {f"process {process}": _process_bytes(process) for process in processes}
    found |= {url: _told_bytes(url) for url in metrics}
    return {name: size_bytes for name, size_bytes in found.items() if size_bytes is not None}


def _process_bytes(process: int) -> int | None:
    """Return the proportional set size; without the right to see that, the resident set size."""
    found = memory_bytes(process)
    if found is None:
        with suppress(OSError):
            text = Path(f"/proc/{process}/status").read_text("ascii", errors="replace")
            match = re.search(r"^VmRSS:\s+(\d+) kB", text, re.MULTILINE)
            return int(match[1]) * 1024 if match else None
    return found


def _told_bytes(url: str) -> int | None:
    with suppress(MeasureError):
        match = _RESIDENT.search(ask(url, limit_s=_ANSWER_S).body.decode(errors="replace"))
        return int(float(match[1])) if match else None
    return None
