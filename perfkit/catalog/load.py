"""A directory of query files, read into a catalog with all that is wrong in it."""

import codecs
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from perfkit.catalog.blocks import Block, split_blocks
from perfkit.catalog.check import check_statement, is_type, unknown_allowances
from perfkit.catalog.header import Header, read_header
from perfkit.catalog.limits import FILE_SIZE_BYTES_MAX
from perfkit.catalog.model import Case, Catalog, Query
from perfkit.errors import CatalogError, UsageError
from perfkit.syntax.lexer import line_at, replaced
from perfkit.units import counted


def load_catalog(directory: Path, *, rules: Collection[str] | None = None) -> Catalog:
    """Return the catalog of all `**/*.sql` in `directory`; CatalogError with the first problem and their number."""
    catalog, problems = check_catalog(directory, rules=rules)
    if problems:
        first, others = problems[0], len(problems) - 1
        more = f"{counted(others, 'more problem')}: `perfkit catalog check` lists all"
        hint = "; ".join(part for part in (first.hint, more if others else "") if part)
        raise CatalogError(first.problem, path=first.path, line=first.line, hint=hint)
    return catalog


def check_catalog(
    directory: Path, *, rules: Collection[str] | None = None
) -> tuple[Catalog, tuple[CatalogError, ...]]:
    """Return the catalog of `directory` and every problem in it, by file and line.

    Queries with a problem are left out. UsageError when there is no such directory, or nothing to read in it.
    """
    if not directory.is_dir():
        problem = "is not a directory" if directory.exists() else "does not exist"
        raise UsageError(
            f"the catalog {directory} {problem}", hint="name a directory of .sql files with --queries"
        )
    paths = sorted(_query_files(directory))
    if not paths:
        raise UsageError(
            f"the catalog {directory} has no .sql files", hint="`-- name: …` begins a query in one"
        )
    queries: dict[str, Query] = {}
    problems: list[CatalogError] = []
    for path in paths:
        for query in _read_file(path, problems):
            same = queries.setdefault(query.name.lower(), query)
            if same is not query:
                problems.append(_duplicate(query, same))
    if rules is not None:
        problems += (problem for query in queries.values() for problem in unknown_allowances(query, rules))
    problems.sort(key=lambda problem: (problem.path, problem.line))
    return Catalog(queries=tuple(sorted(queries.values(), key=lambda query: query.name))), tuple(problems)


def _duplicate(query: Query, same: Query) -> CatalogError:
    place = f"{same.path}:{same.line}"
    if query.name == same.name:
        return CatalogError(f"query {query.name!r} is also in {place}", path=query.path, line=query.line)
    return CatalogError(
        f"query {query.name!r} differs only in case from {same.name!r} in {place}",
        path=query.path,
        line=query.line,
        hint="names become files, and some file systems take these for one",
    )


def _query_files(directory: Path) -> Iterator[Path]:
    """Yield the .sql files below `directory`, hidden ones and linked directories left out."""
    for parent, directories, names in os.walk(directory):
        directories[:] = [name for name in directories if not name.startswith(".")]
        yield from (
            Path(parent, name) for name in names if name.endswith(".sql") and not name.startswith(".")
        )


def _read_file(path: Path, problems: list[CatalogError]) -> Iterator[Query]:
    """Yield the right queries of a file; what is wrong is added to `problems`."""
    try:
        text = _read_text(path)
    except CatalogError as error:
        problems.append(error)
        return
    yield from read_queries(text, path, problems)


def read_queries(text: str, path: Path, problems: list[CatalogError]) -> Iterator[Query]:
    """Yield the right queries of the text of the file at `path`; what is wrong is added to `problems`."""
    before = len(problems)
    blocks = 0
    for block in split_blocks(text, path, problems):
        blocks += 1
        query = _read_query(block, path, problems)
        if query is not None:
            yield query
    if blocks == 0 and len(problems) == before:
        problems.append(
            CatalogError("there is no query here", path=path, line=1, hint="`-- name: …` begins one")
        )


def _read_text(path: Path) -> str:
    """Return the text of a file with CR LF as LF; CatalogError when it is no text that SQL can be in."""
    if not path.is_file():
        raise CatalogError("this is not a file", path=path, line=1)
    try:
        with path.open("rb") as file:
            content = file.read(FILE_SIZE_BYTES_MAX + 1)
    except OSError as error:
        raise CatalogError(f"cannot be read: {error.strerror}", path=path, line=1) from error
    if len(content) > FILE_SIZE_BYTES_MAX:
        limit = f"{FILE_SIZE_BYTES_MAX // 1024**2} MB"
        raise CatalogError(
            f"this file is larger than {limit}", path=path, line=1, hint="a query file holds queries"
        )
    content = content.removeprefix(codecs.BOM_UTF8)
    nul = content.find(b"\0")
    if nul >= 0:
        raise CatalogError("a NUL byte", path=path, line=content.count(b"\n", 0, nul) + 1)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        wrong = content[error.start]
        raise CatalogError(
            f"byte 0x{wrong:02x} is not UTF-8", path=path, line=line, hint="save as UTF-8"
        ) from None
    return text.replace("\r\n", "\n")


def _read_query(block: Block, path: Path, problems: list[CatalogError]) -> Query | None:
    """Return the query of a block, None when something is wrong with it."""
    before = len(problems)
    header = read_header(block.comments, path, problems)
    if not block.sql:
        problems.append(CatalogError(f"query {header.name!r} has no statement", path=path, line=block.line))
    if len(problems) == before:
        problems.extend(_parameter_problems(block, header, path))
    if len(problems) > before:
        return None
    query = Query(
        name=header.name,
        summary=header.summary,
        sql=block.sql,
        statement=replaced(
            block.sql, block.references, {param.name: n for n, param in enumerate(header.params, start=1)}
        ),
        path=path,
        line=block.line,
        sql_line=block.sql_line,
        weight=header.weight,
        budget_ms=header.budget_ms,
        params=tuple(header.params),
        cases=tuple(header.cases) or _default_cases(header, block.line),
        draws=tuple(header.draws),
        allowed=header.allowed,
    )
    try:
        check_statement(query)
    except CatalogError as error:
        problems.append(error)
        return None
    return query


def _default_cases(header: Header, line: int) -> tuple[Case, ...]:
    return () if header.params else (Case(query=header.name, name="default", values={}, line=line),)


def _parameter_problems(block: Block, header: Header, path: Path) -> Iterator[CatalogError]:
    """Yield what does not agree between the parameters declared, used, and given by the cases."""
    declared = {param.name for param in header.params}
    used = {token.name: token for token in reversed(block.references)}
    for name, token in used.items():
        if name not in declared:
            line = block.sql_line + line_at(block.sql, token.start) - 1
            hint = f"declare it: `-- param: {name} <type>`"
            yield CatalogError(f"parameter :{name} is not declared", path=path, line=line, hint=hint)
    for param in header.params:
        line = header.lines[param.name]
        if not is_type(param.type):
            yield CatalogError(f"{param.type!r} is not the name of a PostgreSQL type", path=path, line=line)
        if param.name not in used:
            yield CatalogError(f"parameter {param.name!r} is not used", path=path, line=line)
    for case in header.cases:
        for name in sorted(declared ^ case.values.keys()):
            problem = (
                f"gives no value for {name!r}"
                if name in declared
                else f"gives {name!r}, which is no parameter"
            )
            yield CatalogError(f"case {case.name!r} {problem}", path=path, line=case.line)
    if declared and not header.cases and not header.draws:
        hint = f"write `-- case: typical  {header.params[0].name}=…` or `-- cases: draw 20 SELECT …`"
        yield CatalogError(
            f"query {header.name!r} has parameters and no case", path=path, line=block.line, hint=hint
        )
    if header.draws and not declared:
        yield CatalogError(
            "cases are drawn, but there are no parameters", path=path, line=header.draws[0].line
        )
