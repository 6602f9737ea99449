"""Expressions of a statement: their parts, their text, and the constants in them."""

from perfkit.syntax.index import expression_text
from perfkit.syntax.usage.model import Expression, Term
from perfkit.syntax.usage.scope import Value
from perfkit.syntax.usage.tree import Node, kind_of, messages_in, parse, strings, words

_OTHER = Term(kind="other")
# As stable as what they are made of; any other node is not known to be.
_CONSTRUCTS = frozenset({
    "bool_expr", "boolean_test", "case_expr", "case_when", "coalesce_expr", "collate_clause", "list", "min_max_expr",
    "null_test", "a_array_expr", "a_indirection", "a_indices", "row_expr",
})  # fmt: skip


def expression_of(value: Value) -> Expression | None:
    """Return a value as an expression that an index might have; None unless it reads one reference and nothing else."""
    if value.node is None or value.derived or value.parameters or len(value.references) != 1:
        return None
    if kind_of(value.node) == "list":  # of IN and BETWEEN
        return None
    return Expression(
        text=expression_text(value.node),
        term=term_of(value.node),
        columns=frozenset(name for _, name in value.columns),
    )


def read_term(text: str) -> Term:
    """Return the parts of an expression or a predicate as the definition of an index writes it."""
    return term_of(parse(f"SELECT {text}").select_stmt.target_list[0].res_target.val)


def term_of(node: Node) -> Term:
    """Return the parts of an expression whose column names are bare."""
    kind = kind_of(node)
    if kind in _CONSTRUCTS:
        parts = (child for child in messages_in(getattr(node, kind)) if child.DESCRIPTOR.name == "Node")
        return Term(kind="construct", name=kind, arguments=tuple(term_of(part) for part in parts))
    readers = {
        "column_ref": lambda: Term(kind="column", name=strings(node.column_ref.fields)[-1]),
        "a_const": lambda: Term(kind="constant", name=constant_text(node) or ""),
        "string": lambda: Term(kind="constant", name=node.string.sval),
        "param_ref": lambda: Term(kind="parameter", name=f"${node.param_ref.number}"),
        "type_cast": lambda: _cast(node.type_cast),
        "func_call": lambda: _function(node.func_call),
        "a_expr": lambda: _operator(node.a_expr),
    }
    return readers[kind]() if kind in readers else _OTHER


def constant_text(node: Node) -> str | None:
    """Return a literal, cast or not, as text; None when the node is no literal or is NULL."""
    if kind_of(node) == "type_cast":
        return constant_text(node.type_cast.arg)
    if kind_of(node) != "a_const" or node.a_const.isnull:
        return None
    constant = node.a_const
    which = constant.WhichOneof("val")
    if which == "boolval":
        return "t" if constant.boolval.boolval else "f"
    if which == "ival":
        return str(constant.ival.ival)
    return str({"fval": constant.fval.fval, "sval": constant.sval.sval}.get(which, constant.bsval.bsval))


def constants_of(node: Node | None) -> tuple[str, ...]:
    """Return the literals of a side that is made of them alone, else nothing."""
    if node is None:
        return ()
    items = {"list": lambda: node.list.items, "a_array_expr": lambda: node.a_array_expr.elements}
    parts = items.get(kind_of(node), lambda: [node])()
    texts = [constant_text(part) for part in parts]
    return tuple(text for text in texts if text is not None) if None not in texts else ()


def _cast(cast: Node) -> Term:
    names = strings(cast.type_name.names)
    name = ("_" if cast.type_name.array_bounds else "") + names[-1]
    schema = names[-2] if len(names) > 1 else ""
    return Term(kind="cast", name=name, schema=schema, arguments=(term_of(cast.arg),))


def _function(call: Node) -> Term:
    if (
        call.agg_order
        or call.HasField("agg_filter")
        or call.HasField("over")
        or call.agg_star
        or call.agg_distinct
    ):
        return _OTHER
    names = strings(call.funcname)
    schema = names[-2] if len(names) > 1 else ""
    return Term(kind="function", name=names[-1], schema=schema, arguments=tuple(map(term_of, call.args)))


def _operator(expression: Node) -> Term:
    sides = [getattr(expression, side) for side in ("lexpr", "rexpr") if expression.HasField(side)]
    arguments = tuple(map(term_of, sides))
    if expression.kind != words().AEXPR_OP:
        return Term(kind="construct", name="a_expr", arguments=arguments)
    return Term(kind="operator", name=strings(expression.name)[-1], arguments=arguments)
