"""What the formats for machines say of one check."""

from perfkit.report.document import Check


def message_of(check: Check) -> str:
    """Return the check's message without its id, for a place that shows the id already."""
    return check.message.removeprefix(f"{check.id}: ")


def text_of(check: Check) -> str:
    """Return the message, without the id, and the detail below it."""
    return "\n".join(filter(None, (message_of(check), check.detail)))
