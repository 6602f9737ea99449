"""The ramp: each endpoint asked once, then users at once in steps, round after round."""

from collections.abc import Callable, Sequence
from random import Random

from perfkit.bench.api.http import ask
from perfkit.bench.api.model import ApiOptions, Level, Step, Target
from perfkit.bench.api.tally import WELL
from perfkit.errors import ConnectError, NothingMeasuredError

Report = Callable[[int, int, str], None]
"""Called with what is done, what there is in all, and what is next."""
RunStep = Callable[[int, str], Step]
"""Called with users and the seed of what they call; returns the run."""


def proven(
    options: ApiOptions, targets: Sequence[Target], report: Report
) -> tuple[tuple[Target, ...], dict[str, str]]:
    """Return the endpoints that answer one request well, and why each other is left out; what may write is not asked.

    Raises ConnectError when nothing answers at all, NothingMeasuredError when nothing answers well.
    """
    good, left_out = [], {}
    answered, silent = False, []
    for place, target in enumerate(targets):
        if target.method in {"GET", "HEAD"}:
            report(place, len(targets), target.name)
            try:
                answer = ask(options.url + target.paths[0], method=target.method, headers=options.headers)
            except ConnectError as error:
                silent.append(error)
                left_out[target.name] = error.message
                continue
            answered = True
            if answer.status not in WELL:
                where = answer.headers.get("location")
                left_out[target.name] = (
                    f"{target.paths[0]} answers {answer.status}{f', to {where}' if where else ''}"
                )
                continue
        good.append(target)
    if silent and not answered:
        raise silent[0]
    if not good:
        reason = next(iter(left_out.values()), "there is none")
        raise NothingMeasuredError(
            f"no endpoint of {options.url} can be called: {reason}",
            hint="name your own in perfkit.toml: [[api.endpoints]]",
        )
    return tuple(good), left_out


def run_levels(
    run: RunStep, users: Sequence[int], *, rounds: int, chance: Random, report: Report
) -> tuple[Level, ...]:
    """Return a level for each number of users; each round runs all of them, in an order of its own.

    Interleaved, as what changes on the machine meanwhile then falls on all of them alike.
    """
    steps: dict[int, list[Step]] = {each: [] for each in users}
    for number in range(rounds):
        order = list(steps)
        chance.shuffle(order)
        for place, each in enumerate(order):
            report(number * len(order) + place, rounds * len(order), f"{each} users")
            steps[each].append(run(each, f"{chance.random()}"))
    return tuple(Level(users=each, steps=tuple(runs)) for each, runs in sorted(steps.items()))
