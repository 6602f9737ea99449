"""perfkit regress --self-test: the gate held, on this machine, to changes that are known."""

from typing import TYPE_CHECKING

from perfkit.cli.options import OutputOptions
from perfkit.cli.run import GATE_FAILED
from perfkit.cli.session import chance_of, emit, leave, manner_of, server_at

if TYPE_CHECKING:
    from perfkit.baseline.sampling import PairedSampler
    from perfkit.measure.model import Progress
    from perfkit.selftest.playground import Playground
    from perfkit.selftest.run import Outcome
    from perfkit.settings import Settings

# A trial that is still in doubt after this is a failure of the self-test too.
TRIAL_LIMIT_MS = 20_000


def run_self_test(settings: "Settings", out: OutputOptions) -> None:
    """Run the self-test on a database of its own and tell what it found; ends the command with 1 when the gate erred."""
    from perfkit.report.documents.selftest import selftest_document

    outcomes = _outcomes(settings)
    emit(selftest_document(outcomes), out)
    leave(0 if all(outcome.ok for outcome in outcomes) else GATE_FAILED)


def _outcomes(settings: "Settings") -> "tuple[Outcome, ...]":
    from perfkit.cli.progress import progress_bar
    from perfkit.db.connect import connect
    from perfkit.selftest.injections import INJECTIONS
    from perfkit.selftest.playground import playground
    from perfkit.selftest.run import self_test

    with progress_bar("self-test") as progress, playground(settings.dir, connect=connect) as ground:
        return self_test(
            INJECTIONS,
            ground,
            lambda: _sampler(settings, ground, lambda _done, _total, _name: None),
            progress=progress,
        )


def _sampler(settings: "Settings", ground: "Playground", progress: "Progress") -> "PairedSampler":
    from perfkit.baseline.sampling import PairedSampler
    from perfkit.baseline.tally import Side, start_tally
    from perfkit.catalog.load import load_catalog
    from perfkit.catalog.workload import workload
    from perfkit.measure.session import Stopwatch
    from perfkit.selftest.playground import QUERIES

    catalog = load_catalog(QUERIES)
    base, head = (
        server_at(dsn, settings, allow_superuser=True) for dsn in (ground.base_dsn, ground.head_dsn)
    )
    chosen = workload(catalog, (), rows=base.rows, seed=settings.seed)
    before, after = (
        Side(server=server, workload=chosen, manner=manner_of(settings)) for server in (base, head)
    )
    return PairedSampler(
        base=start_tally(before),
        head=start_tally(after),
        budget=Stopwatch(TRIAL_LIMIT_MS),
        chance=chance_of(settings),
        progress=progress,
    )
