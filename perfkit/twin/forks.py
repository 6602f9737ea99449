"""Forks: the files of relations, made as long as production's and empty inside."""

import os
from collections.abc import Sequence
from pathlib import Path

from perfkit.twin.pages import BLOCK_BYTES

_SEGMENT_BLOCKS = 131_072  # RELSEG_SIZE: 1 GiB


def read_block(path: Path, number: int) -> bytes:
    """Return a block of the first segment."""
    with path.open("rb") as file:
        file.seek(number * BLOCK_BYTES)
        return file.read(BLOCK_BYTES)


def write_blocks(path: Path, pages: Sequence[bytes]) -> None:
    """Write the first blocks."""
    with path.open("r+b") as file:
        file.writelines(pages)


def set_length(path: Path, blocks: int) -> None:
    """Make the main fork `blocks` long, in as many segments as that takes, by holes that need no room on disk.

    New segments get the owner of the first. The server must not have the relation open, as it remembers lengths.
    """
    owner = path.stat()
    for number in range(max(1, -(-blocks // _SEGMENT_BLOCKS))):
        segment = path if number == 0 else path.with_name(f"{path.name}.{number}")
        descriptor = os.open(segment, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.truncate(descriptor, min(blocks - number * _SEGMENT_BLOCKS, _SEGMENT_BLOCKS) * BLOCK_BYTES)
            if number:
                os.chown(descriptor, owner.st_uid, owner.st_gid)
        finally:
            os.close(descriptor)


def write_fork(path: Path, fork: str, page: bytes) -> None:
    """Write a one-page fork beside the main one, such as `vm`, with the same owner."""
    beside = path.with_name(f"{path.name}_{fork}")
    owner = path.stat()
    beside.touch(mode=0o600)
    beside.write_bytes(page)
    os.chown(beside, owner.st_uid, owner.st_gid)
