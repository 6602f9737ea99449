"""The statement that makes an advised index, and the words that go with it."""

import re
from collections.abc import Iterable, Sequence

from perfkit.names import quote_name
from perfkit.plan.condition import Comparison
from perfkit.plan.expression import split_list
from perfkit.plan.rules.index_advice import FUNCTION, Advice, advise
from perfkit.plan.rules.scan import Scan, arms_of

# Functions that give the same for the same input, as an index demands.
_IMMUTABLE = frozenset({
    "lower", "upper", "trim", "btrim", "ltrim", "rtrim", "md5", "abs", "length", "left", "right",
    "coalesce", "nullif", "replace", "substr", "substring", "reverse", "translate", "split_part",
    "regexp_replace", "floor", "ceil", "round", "trunc", "jsonb_extract_path_text",
})  # fmt: skip
_TEST = re.compile(r'(?P<negated>NOT )?(?:[\w"]+\.)?(?P<column>[\w"]+)(?P<null> IS (?:NOT )?NULL)?')


def create_index(scan: Scan, conditions: Iterable[Comparison]) -> str:
    """Return the statement for a scan's conditions and what is to be known about it, '' when none can be told.

    Where the table has an index with these leading keys already, the answer says so instead.
    """
    advice = advise(conditions)
    return _written(scan, advice) if advice else ""


def create_indexes_for_or(scan: Scan, condition: str) -> str:
    """Return the statements for the arms of an OR on a scan, '' where an arm is served by no index, or there is no OR."""
    arms = arms_of(scan, condition)
    together = advise(item for arm in arms for item in arm)
    if together and together.method == "gin" and len(together.served) == len(arms) == sum(map(len, arms)):
        return _written(scan, together)
    advices = [advise(arm) for arm in arms]
    if not all(advices) or any(item.kind == "range" for one in advices if one for item in one.served):
        return ""
    texts = dict.fromkeys(_written(scan, advice) for advice in advices if advice)
    return f"An index for each arm of the OR: {' '.join(texts)}" if texts else ""


def create_partial_index(scan: Scan, conditions: Sequence[Comparison]) -> str:
    """Return the index of the rows that a lone test of a column keeps (x IS NULL, a flag), '' for other conditions."""
    match = _TEST.fullmatch(conditions[0].text) if len(conditions) == 1 else None
    if match is None or scan.parent or len(scan.nodes) > 1:
        return ""
    test = f"{match['negated'] or ''}{match['column']}{match['null'] or ''}"
    return f"CREATE INDEX CONCURRENTLY ON {scan.table} ({match['column']}) WHERE {test};"


def statement(scan: Scan, keys: tuple[str, ...], method: str = "") -> str:
    """Return CREATE INDEX; on a partitioned table, where CONCURRENTLY is refused, with the way around."""
    using = f"USING {method} " if method else ""
    if not scan.parent and len(scan.nodes) == 1:
        return f"CREATE INDEX CONCURRENTLY ON {scan.table} {using}({', '.join(keys)});"
    if not scan.parent:
        return (
            f"On the partitioned table of {scan.table}: an index {using}({', '.join(keys)}), made with CREATE INDEX …"
            " ON ONLY, then CONCURRENTLY on each partition, and ALTER INDEX … ATTACH PARTITION each of them."
        )
    schema, _, relation = scan.parent.rpartition(".")
    words = re.findall(r"[a-z]\w*", re.sub(r"'[^']*'|::\w+", "", " ".join(keys).lower()))
    name = quote_name("_".join([relation.strip('"'), *words, "idx"])[:63])
    return (
        f"CREATE INDEX {name} ON ONLY {scan.parent} {using}({', '.join(keys)}); then the same index on each partition with"
        f" CREATE INDEX CONCURRENTLY, and ALTER INDEX {schema}.{name} ATTACH PARTITION each of them."
    )


def existing_index(scan: Scan, keys: tuple[str, ...], method: str = "") -> str:
    """Return the name of a valid whole-table index whose leading keys these are, '' when there is none."""
    wanted = tuple(map(_plain_key, keys))
    for index in scan.relation.indexes if scan.relation else ():
        columns = tuple(map(_plain_key, index_columns(index.definition)))
        of_kind = f" USING {method or 'btree'} " in index.definition
        held = set(wanted) <= set(columns) if method == "gin" else columns[: len(wanted)] == wanted
        if index.valid and of_kind and held and " WHERE " not in index.definition:
            return index.name
    return ""


def index_columns(definition: str) -> tuple[str, ...]:
    """Return the keys of an index from its definition, with their options (DESC, operator classes)."""
    match = re.search(r" USING \w+ \((.*?)\)(?: INCLUDE | WITH | WHERE | TABLESPACE |$)", definition)
    return tuple(split_list(match[1])) if match else ()


def _written(scan: Scan, advice: Advice) -> str:
    if advice.method == "gin" and _too_short(advice):
        return "Ask for three known characters or more: a trigram index finds nothing by fewer."
    if advice.method == "gin":
        missing = tuple(key for key in advice.keys if not existing_index(scan, (key,), "gin"))
        if not missing:
            return _not_chosen(existing_index(scan, advice.keys[:1], "gin"), advice)
        return _extension(missing) + statement(scan, missing, "gin") + _beside(scan, advice, missing)
    name = existing_index(scan, advice.keys, advice.method)
    if name:
        return _not_chosen(name, advice)
    return statement(scan, advice.keys, advice.method) + _words(advice)


def _too_short(advice: Advice) -> bool:
    """Tell whether no pattern has three letters or digits in a row, which is what a trigram index looks up."""
    patterns = [item.value.split("::")[0] for item in advice.served if item.kind == "infix"]
    literal = [pattern for pattern in patterns if pattern.startswith("'")]
    return (
        bool(patterns)
        and len(literal) == len(patterns)
        and not any(re.search(r"[^\W_]{3}", pattern) for pattern in literal)
    )


def _extension(keys: tuple[str, ...]) -> str:
    return "CREATE EXTENSION IF NOT EXISTS pg_trgm; " if any("gin_trgm_ops" in key for key in keys) else ""


def _beside(scan: Scan, advice: Advice, missing: tuple[str, ...]) -> str:
    """Return which indexes serve the other patterns already."""
    names = [existing_index(scan, (key,), "gin") for key in advice.keys if key not in missing]
    return f" {', '.join(dict.fromkeys(names))} serves the rest." if names else ""


def _words(advice: Advice) -> str:
    """Return what a reader has to know before making the index."""
    words = ""
    if advice.left_out:
        stays = "stays" if len(advice.left_out) == 1 else "stay"
        words += f" {', '.join(advice.left_out)} {stays} out: many rows share each value."
    unknown = [
        name
        for name in dict.fromkeys(FUNCTION.findall(" ".join(advice.keys)))
        if name.lower() not in _IMMUTABLE
    ]
    return words + "".join(f" {name}() must be declared IMMUTABLE." for name in unknown)


def _not_chosen(name: str, advice: Advice) -> str:
    """Return what to look at where the index exists and was not used."""
    narrowed = " and ".join(dict.fromkeys(item.text for item in advice.served))
    return (
        f"Index {name} has these keys already and was not chosen: compare the types on both sides of {narrowed},"
        " and what the planner expects without the scan (SET enable_seqscan = off)."
    )


def _plain_key(key: str) -> str:
    """Return a key without brackets around it, as both EXPLAIN and pg_get_indexdef may put some."""
    while key.startswith("(") and key.endswith(")") and _closes_last(key):
        key = key[1:-1]
    return key


def _closes_last(key: str) -> bool:
    depth = 0
    for position, letter in enumerate(key):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return position == len(key) - 1
    return False
