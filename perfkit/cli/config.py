"""perfkit config: every setting, its value, and where that comes from."""

from perfkit.cli.options import OutputOptions, takes
from perfkit.cli.session import emit, settings_from


@takes(out=OutputOptions)
def config(*, out: OutputOptions) -> None:
    """Show every setting with its value and where it comes from; secrets are hidden."""
    from perfkit.report.documents.config import config_document

    emit(config_document(settings_from()), out)
