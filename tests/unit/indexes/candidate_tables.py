"""Tables that exist only in tests, as an index advisor sees them, and what is offered for statements on them."""

from collections.abc import Iterable, Mapping

from perfkit.indexes.advise import to_plan
from perfkit.indexes.candidates.model import Candidate
from perfkit.indexes.candidates.offer import lookup_in, offer
from perfkit.indexes.gather import Gathered
from perfkit.indexes.workload import WorkloadCase
from perfkit.plan.tables import Column, ForeignKey, Signature, Table, TableIndex, Tables
from perfkit.syntax.usage.read import read_usage

_CATEGORIES = {"text": "S", "varchar": "S", "bool": "B", "date": "D", "timestamptz": "D", "jsonb": "U"}
_WIDTHS = {"text": 12, "varchar": 12, "bool": 1, "jsonb": 200, "tsvector": 100, "int4": 4}


def column(name: str, type_name: str = "int4", distinct: float = -1.0, **known: object) -> Column:
    """Return an analyzed column; `distinct` as in pg_stats."""
    fields: dict[str, object] = {
        "type": type_name,
        "category": "A" if type_name.startswith("_") else _CATEGORIES.get(type_name, "N"),
        "width_bytes": _WIDTHS.get(type_name, 8),
        "analyzed": True,
    }
    return Column(name=name, type_name=type_name, distinct=distinct, **(fields | known))  # type: ignore[arg-type]


def table(
    name: str,
    rows: float,
    *columns: Column,
    indexes: Iterable[str] = (),
    foreign_keys: Iterable[ForeignKey] = (),
    **known: object,
) -> Table:
    """Return a table of the schema public; indexes by what stands after CREATE, as in "UNIQUE INDEX ON t (a)"."""
    return Table(
        schema="public",
        name=name,
        rows=rows,
        pages=max(1, int(rows / 50)),
        columns={each.name: each for each in columns},
        indexes=tuple(_index(text) for text in indexes),
        foreign_keys=tuple(foreign_keys),
        **known,  # type: ignore[arg-type]
    )


def _index(text: str) -> TableIndex:
    definition = f"CREATE {text}"
    unique = text.startswith("UNIQUE")
    return TableIndex(
        name=text, definition=definition, valid=True, unique=unique, constraint="", size_bytes=0, scans=0
    )


def _signatures(*written: str) -> Mapping[str, tuple[Signature, ...]]:
    """Return signatures out of "name(type,type) result volatility"."""
    found: dict[str, tuple[Signature, ...]] = {}
    for each in written:
        call, result, volatility = each.rsplit(" ", 2)
        name, _, arguments = call.rstrip(")").partition("(")
        signature = Signature(
            schema="pg_catalog",
            name=name,
            arguments=tuple(filter(None, arguments.split(","))),
            result=result,
            volatility=volatility,
        )
        found[name] = (*found.get(name, ()), signature)
    return found


FUNCTIONS = _signatures(
    "lower(text) text i",
    "lower(anyrange) anyelement i",
    "date_trunc(text,timestamptz) timestamptz s",
    "date_trunc(text,timestamp) timestamp i",
    "to_tsvector(regconfig,text) tsvector i",
    "to_tsvector(text) tsvector s",
    "random_name(text) text v",
)
OPERATORS = _signatures(
    "->>(jsonb,text) text i", "->(jsonb,text) jsonb i", "||(text,text) text i", "+(int4,int4) int4 i",
    "<(int8,int8) bool i", "<(date,date) bool i",
)  # fmt: skip
CASTS = {("timestamptz", "date"): "s", ("timestamp", "date"): "i", ("int4", "numeric"): "i"}


def database(*tables: Table, **known: object) -> Tables:
    """Return a database of these tables with a few functions, and pg_trgm installed unless `extensions` says else."""
    fields: dict[str, object] = {"extensions": {"pg_trgm": "public"}, "available": frozenset({"pg_trgm"})}
    return Tables(
        tables={each.qualified_name: each for each in tables},
        functions=FUNCTIONS,
        operators=OPERATORS,
        casts=CASTS,
        **(fields | known),  # type: ignore[arg-type]
    )


def advised(statement: str, tables: Tables, *parameter_types: str) -> dict[str, Candidate]:
    """Return the candidates for a statement that are worth planning by what stands after ON in their CREATE INDEX."""
    offered = offer(read_usage(statement, lookup_in(tables)), tables, parameter_types=parameter_types)
    return {written(each): each for each in worth_planning(offered, tables)}


def worth_planning(offered: Iterable[Candidate], tables: Tables) -> tuple[Candidate, ...]:
    """Return the candidates, in their order, that neither exist nor are for a tiny table."""
    candidates = {each.definition: each for each in offered}
    case = WorkloadCase(id="", weight=1, measured_ms=1, reads=frozenset(), offered=tuple(candidates))
    left = to_plan(Gathered(cases=(case,), candidates=candidates, unread={}), tables)
    return tuple(each for definition, each in candidates.items() if definition in left)


def written(candidate: Candidate) -> str:
    """Return a candidate's table, keys and the rest, without what every b-tree has."""
    text = candidate.definition.create().removeprefix("CREATE INDEX ON public.")
    return text.replace("USING btree ", "")
