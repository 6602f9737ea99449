"""How a path is shown: relative to the working directory when it lies under it."""

from pathlib import PurePath


def shown_path(path: str, working_directory: str) -> str:
    """Return the path with forward slashes, relative to the working directory when under it, else as it is."""
    pure = PurePath(path)
    if working_directory and pure.is_relative_to(working_directory):
        pure = pure.relative_to(working_directory)
    return pure.as_posix()
