"""An index by its definition: what it is on, apart from what it is called."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from perfkit.names import quote_name
from perfkit.syntax.lexer import SqlError
from perfkit.syntax.script import split_script

_BTREE = "btree"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexKey:
    """One key: `text` is a quoted column name, or an expression as PostgreSQL's parser writes it, without its brackets.

    `collation` and `operator_class` are as written, '' for the default; `parameters` are the operator class's own, by name.
    `nulls_first` is what the key does, be it written or not: NULLS FIRST is the default of DESC.
    """

    text: str
    is_expression: bool = False
    collation: str = ""
    operator_class: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    descending: bool = False
    nulls_first: bool = False

    @property
    def sql(self) -> str:
        """Return the key as CREATE INDEX takes it."""
        parts = [f"({self.text})" if self.is_expression else self.text]
        parts += [f"COLLATE {self.collation}"] if self.collation else []
        parts += [self.operator_class] if self.operator_class else []
        parts += [_written(self.parameters)] if self.parameters else []
        parts += ["DESC"] if self.descending else []
        if self.nulls_first != self.descending:
            parts.append("NULLS FIRST" if self.nulls_first else "NULLS LAST")
        return " ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexDefinition:
    """An index without its name; two that are equal do the same. Identifiers in `schema` and `table` are unquoted.

    `include` are quoted column names; `predicate` is the condition of a partial index, '' for none; `storage` are the
    parameters of WITH, by name.
    """

    schema: str
    table: str
    keys: tuple[IndexKey, ...]
    method: str = _BTREE
    include: tuple[str, ...] = ()
    predicate: str = ""
    unique: bool = False
    nulls_distinct: bool = True
    storage: tuple[tuple[str, str], ...] = ()

    @property
    def qualified_table(self) -> str:
        """Return the table as SQL names it."""
        return (
            f"{quote_name(self.schema)}.{quote_name(self.table)}" if self.schema else quote_name(self.table)
        )

    def create(self, name: str = "", *, concurrently: bool = False, only: bool = False) -> str:
        """Return the CREATE INDEX statement; without a name the server chooses one."""
        words = ["CREATE", "UNIQUE" if self.unique else "", "INDEX", "CONCURRENTLY" if concurrently else ""]
        words += [quote_name(name) if name else "", "ON", "ONLY" if only else "", self.qualified_table]
        words += [f"USING {self.method}", f"({', '.join(key.sql for key in self.keys)})"]
        words += [f"INCLUDE ({', '.join(self.include)})" if self.include else ""]
        words += ["" if self.nulls_distinct else "NULLS NOT DISTINCT"]
        words += [f"WITH {_written(self.storage)}" if self.storage else ""]
        words += [f"WHERE {self.predicate}" if self.predicate else ""]
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatement:
    """A CREATE INDEX statement: the definition, the name or '', and how it is to be made."""

    definition: IndexDefinition
    name: str
    concurrently: bool
    only: bool
    if_not_exists: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DropIndexStatement:
    """A DROP INDEX statement: the indexes as (schema or '', name), and how they are to be dropped."""

    names: tuple[tuple[str, str], ...]
    concurrently: bool


def read_index_statements(script: str) -> tuple[IndexStatement | DropIndexStatement, ...]:
    """Return the CREATE INDEX and DROP INDEX statements of a script; SqlError, with its line, at any other."""
    return tuple(_read(statement.text, statement.line) for statement in split_script(script))


def read_definition(text: str) -> IndexDefinition:
    """Return the definition in a CREATE INDEX statement such as pg_get_indexdef writes; SqlError when it is not one."""
    statement = _read(text, 1)
    if isinstance(statement, DropIndexStatement):
        raise SqlError("DROP INDEX defines no index", line=1)
    return statement.definition


def _read(text: str, line: int) -> IndexStatement | DropIndexStatement:
    import postgast

    try:
        statements = postgast.parse(text).stmts
    except postgast.PgQueryError as error:
        raise SqlError(error.message, line=line) from None
    node = statements[0].stmt
    if node.HasField("index_stmt"):
        return _create(node.index_stmt)
    if node.HasField("drop_stmt") and node.drop_stmt.remove_type == postgast.pg_query_pb2.OBJECT_INDEX:
        names = (_strings(each.list.items) for each in node.drop_stmt.objects)
        return DropIndexStatement(
            names=tuple(((each[-2] if len(each) > 1 else ""), each[-1]) for each in names),
            concurrently=node.drop_stmt.concurrent,
        )
    raise SqlError(
        "only CREATE INDEX and DROP INDEX can be applied", line=line, hint="take the rest out of the file"
    )


def _create(node: Any) -> IndexStatement:
    definition = IndexDefinition(
        schema=node.relation.schemaname,
        table=node.relation.relname,
        keys=tuple(_key(param.index_elem) for param in node.index_params),
        method=node.access_method,
        include=tuple(quote_name(param.index_elem.name) for param in node.index_including_params),
        predicate=expression_text(node.where_clause) if node.HasField("where_clause") else "",
        unique=node.unique,
        nulls_distinct=not node.nulls_not_distinct,
        storage=_parameters(node.options),
    )
    return IndexStatement(
        definition=definition,
        name=node.idxname,
        concurrently=node.concurrent,
        only=not node.relation.inh,
        if_not_exists=node.if_not_exists,
    )


def _key(element: Any) -> IndexKey:
    import postgast

    words = postgast.pg_query_pb2
    descending = element.ordering == words.SORTBY_DESC
    nulls = {words.SORTBY_NULLS_FIRST: True, words.SORTBY_NULLS_LAST: False}
    return IndexKey(
        text=quote_name(element.name) if element.name else expression_text(element.expr),
        is_expression=not element.name,
        collation=".".join(map(quote_name, _strings(element.collation))),
        operator_class=".".join(map(quote_name, _strings(element.opclass))),
        parameters=_parameters(element.opclassopts),
        descending=descending,
        nulls_first=nulls.get(element.nulls_ordering, descending),
    )


def _written(parameters: tuple[tuple[str, str], ...]) -> str:
    return f"({', '.join(f'{name} = {value}' for name, value in parameters)})"


def _parameters(options: Sequence[Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(_read_parameters(options)))


def _read_parameters(options: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for option in options:
        value = option.def_elem.arg
        kind = value.WhichOneof("node")
        if kind == "type_name":  # off, auto
            text = _strings(value.type_name.names)[-1]
        else:
            text = {"integer": value.integer.ival, "float": value.float.fval}.get(kind, value.string.sval)
        yield option.def_elem.defname, str(text)


def read_expression(text: str) -> str:
    """Return an expression that the server wrote as an index's key has it; SqlError when it is none."""
    return read_definition(f"CREATE INDEX ON any_table (({text}))").keys[0].text


def expression_text(node: Any) -> str:
    """Return a node of the parser's tree as SQL, the same for the same tree."""
    import postgast

    tree = postgast.pg_query_pb2.ParseResult(version=180004)
    target = tree.stmts.add().stmt.select_stmt.target_list.add().res_target
    target.val.CopyFrom(node)
    return str(postgast.deparse(tree)).removeprefix("SELECT ")


def _strings(nodes: Sequence[Any]) -> list[str]:
    return [node.string.sval for node in nodes]
