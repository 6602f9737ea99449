"""What git says of a directory, where there is one and it is in a repository."""

import subprocess
from pathlib import Path


def git_says(*arguments: str, directory: Path | None = None) -> str:
    """Return the words that a git command prints in the directory, '' when it fails or there is no git."""
    try:
        done = subprocess.run(["git", *arguments], cwd=directory, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
