"""What ranks the counted statements: a word of the command line, which loads nothing else."""

from enum import StrEnum


class By(StrEnum):
    """What ranks the statements."""

    TOTAL_TIME = "total-time"
    MEAN_TIME = "mean-time"
    CALLS = "calls"
