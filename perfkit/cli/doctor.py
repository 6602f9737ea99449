"""perfkit doctor: what this role and server allow; what is missing and how to get it."""

from perfkit.cli.options import OutputOptions, ServerOptions, takes
from perfkit.cli.session import emit, leave, server_from, settings_from
from perfkit.errors import MeasureError


@takes(server=ServerOptions, out=OutputOptions)
def doctor(*, server: ServerOptions, out: OutputOptions) -> None:
    """Say what this role and server allow, what is missing, and how to get it. Exit 3 when perfkit cannot measure."""
    from dataclasses import replace

    from perfkit.doctor.examine import can_measure, examine, questions
    from perfkit.report.documents.doctor import doctor_document

    guarded = server_from(settings_from(server))
    # The doctor must get in where measuring is refused, to say why.
    guard = replace(guarded.guard, allow_superuser=True, analyze_on_primary=True)
    (answers,) = replace(guarded, guard=guard).rows(questions())
    allows = {"role": guarded.guard.allow_superuser, "place": guarded.guard.analyze_on_primary}
    points = examine(answers, [point for point, is_allowed in allows.items() if is_allowed])
    emit(doctor_document(points), out)
    leave(0 if can_measure(points) else MeasureError.exit_code)
