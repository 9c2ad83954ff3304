"""Joins of all kinds, semi and anti joins."""
from operators_time import window_specification, windowed
from plan import seconds

KINDS = ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
NAMES = {"JOIN": "inner", "LEFT JOIN": "left", "RIGHT JOIN": "right", "FULL JOIN": "full"}


def joined_columns(m, kind, left, right):
    """The columns of a join, with what may be NULL."""
    from dataclasses import replace
    a = [replace(c, nullable=c.nullable or kind in ("RIGHT JOIN", "FULL JOIN")) for c in left.columns]
    b = [replace(c, nullable=c.nullable or kind in ("LEFT JOIN", "FULL JOIN")) for c in right.columns]
    return [*a, *b]


def sized(m, left, right):
    """True when the join stays small."""
    return left.rows * right.rows < 9000


def condition(m, left, right):
    """An equality, sometimes with more."""
    pairs = m.common_columns(left, right)
    if not pairs:
        return None
    a, b = m.rng.choice(pairs)
    text = f"l.{a.name} = r.{b.name}"
    others = [(c, d) for c, d in pairs if c.type != "STRING" and (c, d) != (a, b)]
    if others and m.chance(0.35):
        c, d = m.rng.choice(others)
        text += f" AND l.{c.name} {m.rng.choice(('<', '<>', '>=', '='))} r.{d.name}"
    elif m.chance(0.1):
        text = text.replace(" = ", " IS NOT DISTINCT FROM ")
    return text


def regular(m, need, budget):
    left, right = (m.thinned(m.grow("append" if need == "append" else "any", b), 7) for b in m.split(budget))
    text = condition(m, left, right)
    if text is None or not sized(m, left, right):
        return None
    kind = "JOIN" if need == "append" else m.rng.choice(KINDS)
    columns = joined_columns(m, kind, left, right)
    times = {left.rowtime, right.rowtime} - {None}
    columns = [c for c in columns if c.name not in times or m.chance(0.5)]
    sql = f"SELECT {', '.join(c.name for c in columns)} FROM {{0}} AS l {kind} {{1}} AS r ON {text}"
    node = m.above(left, label=f"{NAMES[kind]} join", flink=sql, duck=sql, columns=columns, rowtime=None, unique_time=False,
                   window=None, append=kind == "JOIN" and left.append and right.append)
    node.inputs, node.rows = [left, right], left.rows * right.rows / 5 + left.rows
    node.key = (*left.key, *right.key) if kind == "JOIN" and left.key and right.key and {*left.key, *right.key} <= {
        c.name for c in columns} else None
    return node


def semi(m, need, budget):
    """IN, EXISTS and their negations."""
    left, right = (m.grow("append" if need == "append" and not i else "any", b) for i, b in enumerate(m.split(budget)))
    pairs = m.common_columns(left, right)
    if not pairs or not sized(m, left, right):
        return None
    a, b = m.rng.choice(pairs)
    negated = need != "append" and m.chance(0.5)
    word = m.rng.choice(("IN", "EXISTS"))
    word = "EXISTS" if need == "append" else word
    more = ""
    others = [(c, d) for c, d in pairs if c.type != "STRING" and (c, d) != (a, b)]
    if word == "EXISTS":
        if others and m.chance(0.3):
            more = " AND r.{1} {2} l.{0}".format(*(x.name for x in m.rng.choice(others)), m.rng.choice(("<", "<>", ">=")))
        test = f"EXISTS (SELECT * FROM {{1}} AS r WHERE r.{b.name} = l.{a.name}{more})"
    else:
        test = f"l.{a.name} IN (SELECT {b.name} FROM {{1}})"
    if negated:
        test = f"NOT {test}" if word == "EXISTS" else test.replace(" IN ", " NOT IN ")
    names = ", ".join(f"l.{c.name}" for c in left.columns)
    text = f"SELECT {names} FROM {{0}} AS l WHERE {test}"
    node = m.above(left, label=f"{'NOT ' if negated else ''}{word}", flink=text, duck=text, rowtime=None, unique_time=False,
                   window=None, append=not negated and left.append and right.append, rows=left.rows * 0.6)
    node.inputs = [left, right]
    return node


def interval(m, need, budget):
    left, right = (m.thinned(m.grow("time", b), 7) for b in m.split(budget))
    pairs = [(a, b) for a, b in m.common_columns(left, right)]
    if not pairs or not sized(m, left, right):
        return None
    a, b = m.rng.choice(pairs)
    low, high = m.rng.choice(((-3000, 0), (-1000, 4000), (0, 8000), (-20000, -1000), (500, 2500), (-60000, 60000)))
    kind = m.rng.choice(("JOIN", "LEFT JOIN") if need in ("time", "append") else (*KINDS, "FULL JOIN", "RIGHT JOIN"))

    def bound(milliseconds):
        return f"l.{left.rowtime} {'-' if milliseconds < 0 else '+'} {seconds(abs(milliseconds))}"

    text = f"l.{a.name} = r.{b.name} AND "
    if m.chance(0.6):
        text += f"r.{right.rowtime} BETWEEN {bound(low)} AND {bound(high)}"
    else:
        text += f"r.{right.rowtime} > {bound(low)} AND r.{right.rowtime} <= {bound(high)}"
    columns = [c for c in joined_columns(m, kind, left, right) if c.name != right.rowtime]
    sql = f"SELECT {', '.join(c.name for c in columns)} FROM {{0}} AS l {kind} {{1}} AS r ON {text}"
    timed = kind in ("JOIN", "LEFT JOIN")
    node = m.above(left, label=f"interval join, {NAMES[kind]}", flink=sql, duck=sql, columns=columns, append=True, unique_time=False,
                   rowtime=left.rowtime if timed else None, window=None, key=None)
    node.inputs, node.rows = [left, right], left.rows * right.rows / 20 + left.rows
    return node


def temporal(m, need, budget):
    left = m.thinned(m.grow("utime" if need == "utime" else "time", budget), 9)
    keys = [c for c in left.columns if c.type == "STRING"]
    if not keys:
        return None
    key = m.rng.choice(keys)
    table = m.rng.choice(("v0", "v1", "vv"))
    kind = m.rng.choice(("JOIN", "LEFT JOIN"))
    w, note = m.fresh("INT"), m.fresh("STRING")
    items = f"l.{', l.'.join(c.name for c in left.columns)}, r.w AS {w.name}, r.note AS {note.name}"
    flink = (f"SELECT {items} FROM {{0}} AS l {kind} {table} FOR SYSTEM_TIME AS OF l.{left.rowtime} AS r ON l.{key.name} = r.k")
    newest = f"(SELECT max(number) FROM {table}_log AS n WHERE n.k = l.{key.name} AND n.ts <= l.{left.rowtime})"
    duck = f"SELECT {items} FROM {{0}} AS l {kind} {table}_log AS r ON r.live AND r.number = {newest}"
    node = m.above(left, label="temporal join", flink=flink, duck=duck, columns=[*left.columns, w, note], window=None)
    node.uses = {table}
    return node


def lookup(m, need, budget):
    left = m.thinned(m.grow("time" if need == "time" else "append", budget), 8)
    keys = [c for c in left.columns if c.type in ("STRING", "INT")]
    if not keys:
        return None
    key = m.rng.choice(keys)
    kind = m.rng.choice(("JOIN", "LEFT JOIN"))
    number, text = m.fresh("STRING" if key.type == "INT" else "INT"), m.fresh("STRING")
    on = f"l.{key.name} = r.{'k' if key.type == 'STRING' else 'g'}"
    items = (f"l.{', l.'.join(c.name for c in left.columns)}, r.{'g' if key.type == 'STRING' else 'k'} AS {number.name}, "
             f"r.label AS {text.name}")
    proctime = m.fresh("TIMESTAMP_LTZ(3)").name
    flink = (f"SELECT {items} FROM (SELECT *, PROCTIME() AS {proctime} FROM {{0}}) AS l {kind} l0 FOR SYSTEM_TIME AS OF "
             f"l.{proctime} AS r ON {on}")
    duck = f"SELECT {items} FROM {{0}} AS l {kind} l0 AS r ON {on}"
    node = m.above(left, label="lookup join", flink=flink, duck=duck, columns=[*left.columns, number, text],
                   unique_time=False, window=None, key=None, rows=left.rows * 1.5)
    node.uses = {"l0"}
    return node


def window_join(m, need, budget):
    specification = window_specification(m)
    left, right = (windowed(m, m.thinned(m.grow("time", b), 6), specification) for b in m.split(budget))
    usable = [(a, b) for a, b in m.common_columns(left, right)]
    if not usable or not sized(m, left, right):
        return None
    a, b = m.rng.choice(usable)
    text = f"l.{left.window[0]} = r.{right.window[0]} AND l.{left.window[1]} = r.{right.window[1]} AND l.{a.name} = r.{b.name}"
    kind = m.rng.choice((*KINDS, "EXISTS", "NOT EXISTS"))
    if kind in KINDS:
        columns = [c for c in joined_columns(m, kind, left, right) if c.name not in (left.rowtime, right.rowtime)]
        sql = f"SELECT {', '.join(c.name for c in columns)} FROM {{0}} AS l {kind} {{1}} AS r ON {text}"
    else:
        columns = [c for c in left.columns if c.name != left.rowtime]
        sql = (f"SELECT {', '.join('l.' + c.name for c in columns)} FROM {{0}} AS l WHERE {kind} (SELECT * FROM {{1}} AS r "
               f"WHERE {text})")
    node = m.above(left, label=f"window join, {NAMES.get(kind, kind)}", flink=sql, duck=sql, columns=columns, append=True,
                   rowtime=None, unique_time=False, window=None, key=None)
    node.inputs, node.rows = [left, right], left.rows * right.rows / 20 + left.rows
    return node
