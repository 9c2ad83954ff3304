"""Operators over event time: windows, first and last row of a key, OVER, ORDER BY time."""
from expressions import aggregate
from plan import seconds

SESSION = "session"


def window_specification(m):
    """(kind, size, step, offset) in milliseconds."""
    kind = m.rng.choice(("tumble", "hop", "cumulate"))
    step = m.rng.choice((1000, 2500, 5000, 20000))
    factor = 1 if kind == "tumble" else m.rng.choice((1, 2, 3, 4))
    return kind, step * factor, step, m.rng.choice((0, 0, 0, 700, -1300))


def window_call(node, specification):
    """The table function's text over {0}, and DuckDB's query for it without its columns."""
    kind, size, step, offset = specification
    times = f"DESCRIPTOR({node.rowtime}), "
    times += seconds(size) if kind == "tumble" else f"{seconds(step)}, {seconds(size)}"
    times += f", {'-' if offset < 0 else ''}{seconds(abs(offset))}" if offset else ""
    if offset < 0:
        times = times.replace("-INTERVAL '", "INTERVAL '-")
    flink = f"TABLE({kind.upper()}(TABLE {{0}}, {times}))"
    us = 1000
    if kind == "cumulate":
        start = f"slot({node.rowtime}, {size * us}, {offset * us})"
        duck = (f"(SELECT *, {start} AS window_start, after({start}, i * {step * us}) AS window_end FROM {{0}} CROSS JOIN "
                f"range(1, {size // step + 1}) AS r(i) WHERE after({start}, i * {step * us}) > {node.rowtime})")
    else:
        start = f"after(slot({node.rowtime}, {step * us}, {offset * us}), -i * {step * us})"
        duck = (f"(SELECT *, {start} AS window_start, after({start}, {size * us}) AS window_end FROM {{0}} CROSS JOIN "
                f"range(0, {size // step}) AS r(i))")
    return flink, duck


def session_call(node, partition, gap):
    by = f" PARTITION BY {', '.join(partition)}" if partition else ""
    flink = f"TABLE(SESSION(TABLE {{0}}{by}, DESCRIPTOR({node.rowtime}), {seconds(gap)}))"
    over = f"({by.strip()} ORDER BY {node.rowtime})"
    duck = (f"(SELECT *, min({node.rowtime}) OVER w AS window_start, after(max({node.rowtime}) OVER w, {gap * 1000}) AS "
            f"window_end FROM (SELECT *, sum(fresh) OVER ({by.strip()} ORDER BY {node.rowtime} RANGE UNBOUNDED PRECEDING) AS "
            f"number FROM (SELECT *, CASE WHEN epoch_us({node.rowtime}) - epoch_us(lag({node.rowtime}) OVER {over}) <= "
            f"{gap * 1000} THEN 0 ELSE 1 END AS fresh FROM {{0}})) WINDOW w AS (PARTITION BY "
            f"{', '.join([*partition, 'number'])}))")
    return flink, duck


def windowed(m, node, specification):
    """The rows of a node with their windows: the table function alone."""
    node = m.thinned(node)
    flink, duck = window_call(node, specification)
    start, end, time = m.fresh("TIMESTAMP(3)", False), m.fresh("TIMESTAMP(3)", False), m.fresh(m.time_type, False)
    listed = f"{node.names()}, window_start AS {start.name}, window_end AS {end.name}"
    made = m.above(node, columns=[*node.columns, start, end, time], window=(start.name, end.name, time.name, specification),
                   rowtime=time.name, unique_time=False, key=(*node.key, start.name, end.name) if node.key else None)
    made.rows = node.rows * (specification[1] // specification[2])
    made.flink = f"SELECT {listed}, window_time AS {time.name} FROM {flink}"
    made.duck = f"SELECT {listed}, after(window_end, -1000) AS {time.name} FROM {duck}"
    return made


def calls_over(m, columns, node, most=3, over=False):
    """Aggregate calls as (items for Flink, items for DuckDB, columns)."""
    flink, duck, made = [], [], []
    for _ in range(m.rng.randint(1, most)):
        call = aggregate(m.rng, columns, over)
        column = m.fresh(call.type, call.nullable)
        flink.append((call.flink, column.name))
        duck.append((call.duck, column.name))
        made.append(column)
    return flink, duck, made


def as_items(calls):
    return [f"{text} AS {name}" for text, name in calls]


def window_aggregate(m, need, budget):
    """GROUP BY window_start, window_end: in one query with the table function, or on top of it."""
    node = m.grow("time", budget)
    session = need != "session" and m.chance(0.4)
    keys = m.groupable(node, 2)
    start, end, time = m.fresh("TIMESTAMP(3)", False), m.fresh("TIMESTAMP(3)", False), m.fresh(m.time_type, False)
    if session:
        keys = keys[:1]
        flink, duck = session_call(node, [c.name for c in keys], m.rng.choice((1000, 3000, 8000)))
        label = "SESSION with PARTITION BY" if keys else "SESSION"
    else:
        specification = window_specification(m)
        flink, duck = window_call(node, specification)
        label = specification[0].upper()
    calls, duck_calls, made = calls_over(m, node.columns, node)
    names = [c.name for c in keys]
    grouping = "window_start, window_end, window_time"
    items = [*names, f"window_start AS {start.name}", f"window_end AS {end.name}"]
    result = m.above(node, label=label, columns=[*keys, start, end, time, *made], append=True, rowtime=time.name,
                     unique_time=not keys and (session or specification[0] == "tumble"), key=(*names, start.name, end.name),
                     window=None if session else (start.name, end.name, time.name, specification))
    result.flink = (f"SELECT {', '.join([*items, f'window_time AS {time.name}', *as_items(calls)])} FROM {flink} "
                    f"GROUP BY {', '.join([grouping, *names])}")
    result.duck = (f"SELECT {', '.join([*items, f'after(window_end, -1000) AS {time.name}', *as_items(duck_calls)])} "
                   f"FROM {duck} GROUP BY {', '.join(['window_start, window_end', *names])}")
    result.rows = node.rows * 0.7
    return result


def aggregate_of_windows(m, need, budget):
    """GROUP BY of the windows that an earlier step has given its rows."""
    specification = window_specification(m)
    node = windowed(m, m.grow("time", budget), specification)
    node = m.filter(node) if m.chance(0.4) else node
    start, end, time = (node.column(name) for name in node.window[:3])
    keys = [c for c in m.groupable(node, 1)]
    calls, duck_calls, made = calls_over(m, [c for c in node.columns if c.name not in node.window[:3]], node)
    names = [c.name for c in (start, end, time, *keys)]
    result = m.above(node, label=specification[0].upper(), columns=[start, end, time, *keys, *made], rowtime=time.name,
                     key=(start.name, end.name, *(c.name for c in keys)), rows=node.rows * 0.6)
    grouped = f"FROM {{0}} GROUP BY {', '.join(names)}"
    result.flink = f"SELECT {', '.join(names + as_items(calls))} {grouped}"
    result.duck = f"SELECT {', '.join(names + as_items(duck_calls))} {grouped}"
    return result


def window_rank(m, need, budget):
    """Window Top-N, or window deduplication by time."""
    last = m.chance(0.5)
    base = m.grow("utime" if last else "time", budget)
    plain = m.orderable(base) if not last else base
    plain = plain if plain and plain.rowtime else base
    node = windowed(m, plain, window_specification(m))
    start, end = node.window[:2]
    keys = [c.name for c in m.groupable(node, 1)]
    partition = ", ".join([start, end, *keys])
    if last:
        order = f"{base.rowtime} {m.rng.choice(('ASC', 'DESC'))}"
        if base.rowtime not in [c.name for c in node.columns]:
            return None
        orders, bound, label = (order, order), 1, "window deduplication"
    else:
        node_or_none = node if node.key or all(c.is_orderable() for c in node.columns) else None
        if node_or_none is None:
            return None
        orders, bound, label = m.order(node), m.rng.randint(1, 3), "window Top-N"
    number = m.fresh("BIGINT", False)
    show = m.chance(0.4)
    listed = node.names() + (f", {number.name}" if show else "")
    compare = f"{number.name} = 1" if bound == 1 else f"{number.name} <= {bound}"
    texts = [f"SELECT {listed} FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY {partition} ORDER BY {order}) AS "
             f"{number.name} FROM {{0}}) WHERE {compare}" for order in orders]
    return m.above(node, label=label, flink=texts[0], duck=texts[1], columns=[*node.columns, *([number] if show else [])],
                   rowtime=None, window=None, rows=node.rows * 0.5)


def one_row(m, need, budget):
    """The first or the last row of a key by rowtime."""
    node = m.grow("utime", budget)
    first = need in ("time", "utime", "append") or m.chance(0.4)
    keys = [c.name for c in m.groupable(node, 2)]
    by = f"PARTITION BY {', '.join(keys)} " if keys else ""
    number = m.fresh("BIGINT", False)
    listed = f"SELECT {node.names()} FROM (SELECT *, ROW_NUMBER() OVER ({by}ORDER BY {node.rowtime}"
    text = f"{listed} {'ASC' if first else 'DESC'}) AS {number.name} FROM {{0}}) WHERE {number.name} = 1"
    result = m.above(node, label="first row" if first else "last row", flink=text, duck=text, append=first,
                     rows=node.rows * 0.3, key=tuple(keys) or node.key)
    if not first:
        result.rowtime, result.unique_time = None, False
    return result


def over(m, need, budget):
    """Aggregates OVER rows, ranges, everything before; LAG."""
    kind = m.rng.choice(("rows", "range", "unbounded", "lag"))
    node = m.thinned(m.grow("utime" if need == "utime" or kind in ("rows", "lag") else "time", budget), 12)
    keys = [c.name for c in m.groupable(node, 1)]
    by = f"PARTITION BY {', '.join(keys)} " if keys else ""
    if kind == "rows":
        frame = (f"ROWS BETWEEN {m.rng.randint(1, 4)} PRECEDING AND CURRENT ROW",) * 2
    elif kind == "range":
        size = m.rng.choice((500, 2000, 9000))
        frame = (f"RANGE BETWEEN {seconds(size)} PRECEDING AND CURRENT ROW",
                 f"RANGE BETWEEN to_microseconds({size * 1000}) PRECEDING AND CURRENT ROW")
    else:
        words = ("RANGE", "ROWS") if node.unique_time else ("RANGE",)
        frame = (f"{m.rng.choice(words)} BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",) * 2
    calls, duck_calls, made = calls_over(m, node.columns, node, 3, True)
    windows = [f"OVER ({by}ORDER BY {node.rowtime} {text})" for text in frame]
    label = {"rows": "OVER ROWS", "range": "OVER RANGE", "unbounded": "OVER unbounded", "lag": "LAG"}[kind]
    if kind == "lag":
        column = m.rng.choice([c for c in node.columns if c.type in ("STRING", "INT", "BIGINT", "DATE", "DOUBLE")])
        text = f"LAG({column.name}, {m.rng.randint(1, 3)})" if m.chance(0.5) else f"LAG({column.name})"
        made = [m.fresh(column.type)]
        calls = duck_calls = [(text, made[0].name)]
        windows = [f"OVER ({by}ORDER BY {node.rowtime})"] * 2
    texts = []
    for chosen, window in zip((calls, duck_calls), windows):
        items = [f"{over_each(text, window)} AS {name}" for text, name in chosen]
        texts.append(f"SELECT {node.names()}, {', '.join(items)} FROM {{0}}")
    return m.above(node, label=label, flink=texts[0], duck=texts[1], columns=[*node.columns, *made], window=None)


def over_each(text, window):
    """The window behind every call of an expression."""
    parts, rest = [], text
    while True:
        starts = [rest.find(word) for word in ("COUNT(", "SUM(", "MIN(", "MAX(", "AVG(", "LAG(", "count(", "sum(", "min(",
                                               "max(", "avg(") if rest.find(word) >= 0]
        if not starts:
            return "".join(parts) + rest
        end = rest.index(")", min(starts)) + 1
        parts.append(f"{rest[:end]} {window}")
        rest = rest[end:]


def by_arrival(m, need, budget):
    """First and last row of a key, and a count OVER, by processing time: what does not depend on who comes first."""
    node = m.grow("append", budget)
    keys = m.groupable(node, 2)
    if not keys:
        return None
    names, kind = [c.name for c in keys], m.rng.choice(("first", "last", "over"))
    listed, at = ", ".join(names), m.fresh("TIMESTAMP_LTZ(3)").name
    timed, number = f"(SELECT {listed}, PROCTIME() AS {at} FROM {{0}})", m.fresh("BIGINT", False)
    if kind == "over":
        flink = (f"SELECT {listed}, COUNT(*) OVER (PARTITION BY {listed} ORDER BY {at} ROWS BETWEEN UNBOUNDED PRECEDING AND "
                 f"CURRENT ROW) AS {number.name} FROM {timed}")
        duck = f"SELECT {listed}, row_number() OVER (PARTITION BY {listed}) AS {number.name} FROM {{0}}"
        return m.above(node, label="OVER, processing time", flink=flink, duck=duck, columns=[*keys, number], rowtime=None,
                       unique_time=False, window=None, key=(*names, number.name))
    flink = (f"SELECT {listed} FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY {listed} ORDER BY {at}"
             f"{' DESC' if kind == 'last' else ''}) AS {number.name} FROM {timed}) WHERE {number.name} = 1")
    return m.above(node, label=f"{kind} row, processing time", flink=flink, duck=f"SELECT DISTINCT {listed} FROM {{0}}",
                   columns=keys, append=kind == "first", rowtime=None, unique_time=False, window=None, key=tuple(names),
                   rows=node.rows / 3)


def sort(m, need, budget):
    """ORDER BY the time: rows come sorted."""
    node = m.grow("time", budget)
    text = f"SELECT {node.names()} FROM {{0}}"
    return m.above(node, label="ORDER BY time", flink=f"{text} ORDER BY {node.rowtime}", duck=text, sorted_by=node.rowtime)
