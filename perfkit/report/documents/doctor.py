"""The document of the doctor: what this role and server allow, point by point."""

from perfkit.doctor.examine import Point, PointState, can_measure
from perfkit.report.data import to_data
from perfkit.report.document import Cell, Check, Document, Paragraph, State, Table, Tone

SCHEMA = "perfkit.doctor/1"

_TONES = {
    PointState.OK: Tone.GOOD,
    PointState.NOTE: Tone.WARN,
    PointState.MISSING: Tone.WARN,
    PointState.BLOCKING: Tone.BAD,
}
_STATES = {
    PointState.OK: State.PASSED,
    PointState.NOTE: State.WARNING,
    PointState.MISSING: State.WARNING,
    PointState.BLOCKING: State.FAILED,
}


def doctor_document(points: tuple[Point, ...]) -> Document:
    """Return the document of the doctor's points."""
    table = Table(
        title="What this role and server allow",
        headings=("point", "state", "found", "how to get it"),
        rows=tuple((Cell(p.id), Cell(p.state, _TONES[p.state]), Cell(p.found), Cell(p.fix)) for p in points),
    )
    return Document(
        schema=SCHEMA,
        title="perfkit doctor",
        blocks=(table, _verdict(points)),
        checks=tuple(
            Check(id=p.id, group="doctor", state=_STATES[p.state], message=p.found, detail=p.fix)
            for p in points
        ),
        data={"can_measure": can_measure(points), "points": to_data(points)},
    )


def _verdict(points: tuple[Point, ...]) -> Paragraph:
    if not can_measure(points):
        return Paragraph("perfkit does not measure here until what is blocking is settled.", Tone.BAD)
    if any(point.state is PointState.MISSING for point in points):
        return Paragraph("perfkit can measure here; with what is missing it would see more.", Tone.WARN)
    return Paragraph("perfkit has all that it needs.", Tone.GOOD)
