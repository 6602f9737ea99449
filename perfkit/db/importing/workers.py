"""The processes of a trial, started together, let go together, and gone when it ends, however it ends."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from perfkit.db.importing.job import Job, encode
from perfkit.db.importing.worker import GO, READY
from perfkit.errors import MeasureError

_COMMAND = (sys.executable, "-m", "perfkit.db.importing.worker")
_Process = subprocess.Popen[str]


def work(jobs: Sequence[Job]) -> dict[str, Any]:
    """Return what the jobs, run at once, took together: the fields of a Measurement but for the server's WAL.

    Raises MeasureError with what the first that failed said.
    """
    with _started(jobs) as processes:
        for process in processes:
            _answer(process)
        for process in processes:
            _tell(process, GO)
        answers = [json.loads(_line(process)) for process in processes]
    for answer in answers:
        if "error" in answer:
            raise MeasureError(answer["error"])
        if not answer["rows"]:
            raise MeasureError(f"{jobs[0].way} stored nothing of what could be stored before")
    sizes = [answer["server_bytes"] for answer in answers]
    return {
        "elapsed_ms": (max(a["ended"] for a in answers) - min(a["began"] for a in answers)) * 1_000,
        "rows": sum(answer["rows"] for answer in answers),
        "client_bytes": max(answer["client_bytes"] for answer in answers),
        "server_bytes": None if None in sizes else sum(sizes),
    }


@contextmanager
def _started(jobs: Sequence[Job]) -> Iterator[list[_Process]]:
    processes = [
        subprocess.Popen(
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in jobs
    ]
    try:
        for process, job in zip(processes, jobs, strict=True):
            _tell(process, encode(job))
        yield processes
        for process in processes:
            process.communicate()
    finally:
        for process in processes:
            # Its transaction ends with its session.
            process.kill()
            process.communicate()


def _answer(process: _Process) -> None:
    line = _line(process)
    if line != READY:
        raise MeasureError(json.loads(line)["error"])


def _line(process: _Process) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        assert process.stderr is not None
        last = process.stderr.read().strip().splitlines()[-1:]
        raise MeasureError(f"a process of the import ended: {' '.join(last) or 'without a word'}")
    return line


def _tell(process: _Process, text: str) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(text)
        process.stdin.flush()
    except BrokenPipeError:
        _line(process)
