"""Random predicates, expressions and aggregate calls, each as (Flink's text, DuckDB's text, ...)."""
import re
from dataclasses import dataclass

WORDS = ("''", "'x'", "'xy'", "'Zoë'", "'it''s'", "'a'", "'c'")


@dataclass
class Call:
    """An aggregate call or an expression with its type."""

    flink: str
    duck: str
    type: str
    nullable: bool = True


def decimal_of(type_):
    """(precision, scale) or None."""
    match = re.fullmatch(r"DECIMAL\((\d+), (\d+)\)", type_)
    return (int(match[1]), int(match[2])) if match else None


def predicate(rng, columns, depth=0):
    """Something that is true of a good part of the rows."""
    if depth == 0 and rng.random() < 0.25:
        word = rng.choice(("AND", "OR", "OR"))
        left, right = predicate(rng, columns, 1), predicate(rng, columns, 1)
        return f"({left[0]} {word} {right[0]})", f"({left[1]} {word} {right[1]})"
    usable = [c for c in columns if c.type in ("INT", "BIGINT", "STRING", "BOOLEAN", "DOUBLE") or decimal_of(c.type)]
    if not usable:
        return "TRUE", "TRUE"
    column = rng.choice(usable)
    name = column.name
    if rng.random() < 0.15:
        text = f"{name} IS NOT NULL"
    elif column.type == "STRING":
        text = rng.choice((f"{name} <> {rng.choice(WORDS)}", f"{name} IN ('a', 'b', 'c', 'd', 'x', '')",
                           f"NOT ({name} = 'a')", f"{name} > 'a'", f"{name} LIKE '%x%' OR {name} < 'd'",
                           f"COALESCE({name}, 'none') <> 'b'"))
        text = f"({text})"
    elif column.type == "BOOLEAN":
        text = rng.choice((f"{name}", f"{name} IS NOT TRUE", f"NOT {name}", f"{name} IS NOT FALSE"))
    else:
        bound = rng.randint(-3, 4)
        text = rng.choice((f"{name} > {bound}", f"{name} >= {bound}", f"{name} BETWEEN {bound} AND {bound + 15}",
                           f"{name} <> {bound}", f"{name} IS NULL OR {name} < {bound + 12}", f"-{name} < {bound + 2}"))
        text = f"({text})"
    return text, text


def expression(rng, columns):
    """A Call over one or two columns, or None."""
    usable = [c for c in columns if c.type in ("INT", "BIGINT", "STRING", "DATE") or c.type == "DECIMAL(10, 2)"]
    if not usable:
        return None
    column = rng.choice(usable)
    n = column.name
    if column.type in ("INT", "BIGINT"):
        texts = rng.choice(((f"{n} + 1", f"{n} + 1", column.type), (f"{n} * 2 - 3", f"{n} * 2 - 3", column.type),
                            (f"{n} / 3", f"{n} // 3", column.type), (f"MOD({n}, 3)", f"{n} % 3", "INT"),
                            (f"ABS({n})", f"abs({n})", column.type),
                            (f"CASE WHEN {n} > 3 THEN 1 ELSE 0 END", f"CASE WHEN {n} > 3 THEN 1 ELSE 0 END", "INT"),
                            (f"COALESCE({n}, -1)", f"COALESCE({n}, -1)", column.type),
                            (f"CAST({n} AS STRING)", f"CAST({n} AS VARCHAR)", "STRING"),
                            (f"CAST({n} AS BIGINT)", f"CAST({n} AS BIGINT)", "BIGINT"),
                            (f"NULLIF({n}, 2)", f"NULLIF({n}, 2)", column.type),
                            (f"CAST({n} AS DECIMAL(10, 2))", f"CAST({n} AS DECIMAL(10, 2))", "DECIMAL(10, 2)")))
    elif column.type == "STRING":
        texts = rng.choice(((f"UPPER({n})", f"upper({n})", "STRING"), (f"{n} || '-'", f"{n} || '-'", "STRING"),
                            (f"CHAR_LENGTH({n})", f"length({n})", "INT"), (f"COALESCE({n}, '?')",) * 2 + ("STRING",),
                            (f"SUBSTRING({n}, 1, 2)", f"substring({n}, 1, 2)", "STRING"),
                            (f"CASE WHEN {n} < 'c' THEN {n} END",) * 2 + ("STRING",)))
    elif column.type == "DATE":
        texts = (f"CAST(EXTRACT(DAY FROM {n}) AS INT)", f"CAST(EXTRACT(DAY FROM {n}) AS INTEGER)", "INT")
    else:
        texts = rng.choice(((f"{n} * 2", f"{n} * 2", "DECIMAL(21, 2)"), (f"{n} + {n}", f"{n} + {n}", "DECIMAL(11, 2)"),
                            (f"CAST({n} AS INT)", f"CAST(trunc({n}) AS INTEGER)", "INT"),
                            (f"{n} * {n}", f"{n} * {n}", "DECIMAL(21, 4)"),
                            (f"CAST({n} AS STRING)", f"CAST({n} AS VARCHAR)", "STRING")))
    duck = texts[1]
    if (wanted := decimal_of(texts[2])):
        duck = f"CAST({duck} AS DECIMAL({wanted[0]}, {wanted[1]}))"
    return Call(texts[0], duck, texts[2])


def average(name, type_):
    """AVG as Flink's types have it: of integers cut off, of decimals with six places or more."""
    if type_ == "DOUBLE":
        return Call(f"AVG({name})", f"avg({name})", "DOUBLE")
    if (parts := decimal_of(type_)) is None:
        return Call(f"AVG({name})", f"CAST(sum({name}) // count({name}) AS {type_})", type_)
    scale = max(6, parts[1])
    units = f"CAST(CAST(sum({name}) AS DECIMAL(30, {parts[1]})) * {10 ** parts[1]} AS HUGEINT) * {10 ** (scale - parts[1])}"
    one = "0." + "0" * (scale - 1) + "1"
    duck = f"CAST(CAST(rounded({units}, count({name})) AS DECIMAL(30, 0)) * {one} AS DECIMAL(38, {scale}))"
    return Call(f"AVG({name})", duck, f"DECIMAL(38, {scale})")


def total(name, type_, distinct=""):
    if (parts := decimal_of(type_)) is not None:
        type_ = f"DECIMAL(38, {parts[1]})"
    return Call(f"SUM({distinct}{name})", f"CAST(sum({distinct}{name}) AS {type_})", type_)


def aggregate(rng, columns, over=False):
    """A random aggregate call over columns."""
    numbers = [c for c in columns if c.is_number()]
    ordered = [c for c in columns if c.is_orderable()]
    kind = rng.choice(("star", "count", "sum", "sum", "avg", "least", "least") if over else
                      ("star", "count", "distinct", "sum", "sum", "avg", "least", "least", "sum distinct", "deviation",
                       "collect"))
    call = Call("COUNT(*)", "count(*)", "BIGINT", False)
    plain = [c for c in columns if not c.type.startswith(("ARRAY", "MULTISET"))]
    if kind in ("count", "distinct") and plain:
        column = rng.choice(plain)
        word = "DISTINCT " if kind == "distinct" else ""
        call = Call(f"COUNT({word}{column.name})", f"count({word}{column.name})", "BIGINT", False)
    elif kind in ("sum", "avg") and numbers:
        column = rng.choice(numbers)
        call = (total if kind == "sum" else average)(column.name, column.type)
    elif kind == "least" and ordered:
        column, word = rng.choice(ordered), rng.choice(("MIN", "MAX"))
        call = Call(f"{word}({column.name})", f"{word.lower()}({column.name})", column.type)
    elif kind == "sum distinct" and (integers := [c for c in numbers if c.is_integer()]):
        column = rng.choice(integers)
        call = total(column.name, column.type, "DISTINCT ")
    elif kind == "deviation" and (integers := [c for c in numbers if c.type == "INT"]):
        word = rng.choice(("STDDEV_POP", "STDDEV_SAMP", "VAR_POP", "VAR_SAMP"))
        argument = f"CAST({rng.choice(integers).name} AS DOUBLE)"
        call = Call(f"{word}({argument})", f"{word.lower()}({argument})", "DOUBLE")
    elif kind == "collect" and (words := [c for c in columns if c.type == "STRING"]):
        name = rng.choice(words).name
        call = Call(f"COLLECT({name})", f"COALESCE(histogram({name}), MAP([]::VARCHAR[], []::UBIGINT[]))",
                    "MULTISET<STRING>", False)
    if not over and call.type != "MULTISET<STRING>" and "//" not in call.duck and "rounded" not in call.duck and rng.random() < 0.2:
        flink, duck = predicate(rng, columns, 1)
        call = filtered(call, flink, duck)
    return call


def filtered(call, flink, duck):
    """The call with FILTER; in DuckDB behind the innermost call."""
    match = re.search(r"(count|sum|avg|min|max|stddev_pop|stddev_samp|var_pop|var_samp)\((\*|(DISTINCT )?(CAST\(\w+ AS DOUBLE\)|\w+))\)",
                      call.duck)
    inner = call.duck[: match.end()] + f" FILTER (WHERE {duck})" + call.duck[match.end():]
    return Call(f"{call.flink} FILTER (WHERE {flink})", inner, call.type, call.nullable)
