"""How far twin and source agree: a case that the source does not plan is told, and proves nothing."""

from perfkit.plan.parse import parse_plan
from perfkit.report.documents.twin import check_document
from perfkit.twin.compare import Agreement, Planned, agreements
from tests.unit.baseline.simulated import workload

NO_TABLE = Planned(plan=None, problem='relation "gone" does not exist')
NO_RIGHT = Planned(plan=None, problem="permission denied for table people")


def _planned(rows: int) -> Planned:
    node = {
        "Node Type": "Seq Scan",
        "Relation Name": "people",
        "Startup Cost": 0.0,
        "Total Cost": 9.0,
        "Plan Rows": rows,
        "Plan Width": 8,
    }
    return Planned(plan=parse_plan([{"Plan": node}]))


def _agreements(**pairs: tuple[Planned, Planned]) -> tuple[Agreement, ...]:
    cases = workload(pairs).cases
    before, after = ({each.case.id: pairs[each.query.name][side] for each in cases} for side in (0, 1))
    return agreements(cases, before, after)


def test_what_the_source_does_not_plan_proves_nothing() -> None:
    found = _agreements(
        alike=(_planned(3), _planned(3)),
        other=(_planned(3), _planned(4)),
        lost=(_planned(3), NO_TABLE),
        neither=(NO_TABLE, NO_TABLE),
        writes=(NO_RIGHT, _planned(3)),
    )
    document = check_document(found, (), source="alumni.twin")
    data = document.data
    assert (data["cases"], data["same_shape"], data["equal"]) == (3, 2, 1)
    assert data["unplanned"] == [
        {"case": "neither/typical", "problem": NO_TABLE.problem},
        {"case": "writes/typical", "problem": NO_RIGHT.problem},
    ]
    assert [each["case"] for each in data["differences"]] == ["other/typical", "lost/typical"]
    states = {check.id: check.state.value for check in document.checks}
    assert len(set(states.values())) == 3
    assert states["alike/typical"] == states["other/typical"]
