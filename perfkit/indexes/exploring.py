"""Exploring: which plans a case can have beside a configuration, from its best one down to what hardly helps.

The planner is asked for the best plan of all candidates, then again without what that plan uses, and so on: each answer
is a way to do the case that no other answer makes superfluous, and a candidate that would never be used is never asked for.
"""

from collections.abc import Callable, Sequence

from perfkit.indexes.configuration import Configuration, parts
from perfkit.indexes.costs import CaseCosts
from perfkit.indexes.workload import WorkloadCase

# Indexes that a plan uses together are asked for each alone too, at the end.
_PAIR = 2
# How often a case is asked again without one of what would not fit of a plan.
_MOST_PEELED = 8
# How many plans beside what is chosen already are worth a look: what else there is was seen before anything was chosen.
_MOST_BESIDE = 4


def explore(
    cases: Sequence[CaseCosts],
    configuration: Configuration,
    candidates: Configuration,
    fits: Callable[[Configuration], bool],
    is_over: Callable[[], bool],
    least_ms: Callable[[WorkloadCase], float],
) -> None:
    """Let the costs know the ways to do the cases beside the configuration with the candidates, until time `is_over`.

    `least_ms` is what a case must gain a minute for more of its ways to be asked for: its best one is known in any case.
    What is alike is asked of every case before the next: to have one index where all were, and all again, is many to
    switch on the twin, and takes longer than the plans.
    """
    for costs in cases:
        if not is_over():
            costs.planned(configuration)
    together = []
    for costs in cases:
        offer = candidates & costs.relevant & ~configuration
        together.append(0 if is_over() else _ways(costs, configuration, offer, fits, least_ms(costs.case)))
    for costs, indexes in zip(cases, together, strict=True):
        for each in parts(indexes):
            if not is_over():
                costs.planned(configuration | each)


def _ways(
    costs: CaseCosts,
    configuration: Configuration,
    candidates: Configuration,
    fits: Callable[[Configuration], bool],
    least_ms: float,
) -> Configuration:
    """Ask for a case's best plan, its best without what that uses, and so on; return what plans use together with others."""
    enough = costs.noticeably_less(configuration, least_ms)
    offers = [candidates]
    together, peeled = 0, 0
    for seen, offer in enumerate(offers):
        if configuration and seen == _MOST_BESIDE:
            break
        if seen and costs.at_least(configuration | offer) > enough:
            continue  # the answer is known to be no better
        answer = costs.planned(configuration | offer)
        used = answer.used & ~configuration
        if not used or answer.cost > enough:
            continue
        offers.append(offer & ~used)
        if used.bit_count() < _PAIR:
            continue
        together |= used
        if not fits(used) and peeled < _MOST_PEELED:
            peeled += 1
            offers.extend(offer & ~each for each in parts(used))
    return together
