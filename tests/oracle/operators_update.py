"""Operators over any changelog: aggregation, Top-N, LIMIT, set operations, UNNEST, OVER by other columns than time."""
from expressions import aggregate
from operators_time import as_items, calls_over, over_each
from plan import OVER_NO_ROWS

ANY_TABLES = ("c0", "c1", "p0", "u0", "c0", "c1", "p0", "a0", "a2")


def group_by(m, need, budget):
    node = m.grow("any", budget)
    keys = [] if m.chance(0.3) else m.groupable(node, 3)
    calls, duck_calls, made = calls_over(m, node.columns, node, 4)
    names = [c.name for c in keys]
    tail = f" GROUP BY {', '.join(names)}" if keys else ""
    having = ("", "")
    if keys and m.chance(0.2):
        call = aggregate(m.rng, [c for c in node.columns if c.is_integer()])
        if call.type in ("INT", "BIGINT"):
            having = f" HAVING {call.flink} <> 2", f" HAVING {call.duck} <> 2"
    if not keys:
        having = ("", OVER_NO_ROWS)
    label = "GROUP BY" if keys else "aggregate of all rows"
    return m.above(node, label=label, append=False, rowtime=None, unique_time=False, window=None, key=tuple(names),
                   columns=[*keys, *made], rows=max(1, node.rows / 4) if keys else 1,
                   flink=f"SELECT {', '.join(names + as_items(calls))} FROM {{0}}{tail}{having[0]}",
                   duck=f"SELECT {', '.join(names + as_items(duck_calls))} FROM {{0}}{tail}{having[1]}")


def distinct(m, need, budget):
    node = m.grow("any", budget)
    columns = m.groupable(node, 3) or [c for c in node.columns if c.is_orderable()][:2]
    if not columns:
        return None
    names = ", ".join(c.name for c in columns)
    text = f"SELECT DISTINCT {names} FROM {{0}}"
    return m.above(node, label="DISTINCT", append=False, rowtime=None, unique_time=False, window=None, columns=columns,
                   key=tuple(c.name for c in columns), rows=node.rows / 3, flink=text, duck=text)


def grouping_sets(m, need, budget):
    node = m.grow("any", budget)
    keys = m.groupable(node, 2)
    if len(keys) < 2:
        return None
    calls, duck_calls, made = calls_over(m, node.columns, node)
    a, b = (c.name for c in keys)
    word = m.rng.choice((f"CUBE ({a}, {b})", f"ROLLUP ({a}, {b})", f"GROUPING SETS (({a}, {b}), ({b}))"))
    number = m.fresh("BIGINT")
    columns = [m.fresh(c.type) for c in keys]
    head = [f"{c.name} AS {n.name}" for c, n in zip(keys, columns)] + [f"GROUPING_ID({a}, {b}) AS {number.name}"]
    not_empty = " HAVING count(*) > 0"  # the set of nothing has a row in DuckDB even over no rows
    return m.above(node, label="GROUPING SETS", append=False, rowtime=None, unique_time=False, window=None,
                   key=(columns[0].name, columns[1].name, number.name), columns=[*columns, number, *made], rows=node.rows / 2,
                   flink=f"SELECT {', '.join(head + as_items(calls))} FROM {{0}} GROUP BY {word}",
                   duck=f"SELECT {', '.join(head + as_items(duck_calls))} FROM {{0}} GROUP BY {word}{not_empty}")


def top_n(m, need, budget):
    node = m.grow("any", budget)
    node = m.orderable(node)
    if node is None:
        return None
    keys = [c.name for c in m.groupable(node, 1)]
    by = f"PARTITION BY {', '.join(keys)} " if keys else ""
    orders = m.order(node, m.rng.randint(1, 2))
    if node.rowtime and orders[0].split()[0] == node.rowtime:
        return None  # by the time alone: a first or last row
    number = m.fresh("BIGINT", False)
    show = m.chance(0.5)
    listed = node.names() + (f", {number.name}" if show else "")
    bound = m.rng.randint(1, 4)
    compare = f"{number.name} = 1" if bound == 1 else f"{number.name} <= {bound}"
    if bound > 2 and m.chance(0.15):
        compare = f"{number.name} BETWEEN 2 AND {bound}"
    texts = [f"SELECT {listed} FROM (SELECT *, ROW_NUMBER() OVER ({by}ORDER BY {order}) AS {number.name} FROM {{0}}) "
             f"WHERE {compare}" for order in orders]
    key = node.key or ((*keys, number.name) if show else None)
    return m.above(node, label="Top-N with rank" if show else "Top-N without rank", flink=texts[0], duck=texts[1],
                   append=False, rowtime=None, unique_time=False, window=None, key=key,
                   columns=[*node.columns, *([number] if show else [])], rows=min(node.rows, bound * (5 if keys else 1)))


def limit(m, need, budget):
    node = m.orderable(m.grow("any", budget))
    if node is None:
        return None
    orders = m.order(node)
    if node.rowtime and orders[0].split()[0] == node.rowtime:
        return None
    bound, offset = m.rng.randint(1, 9), m.rng.choice((0, 0, 0, 2))
    tail = f" LIMIT {bound}" + (f" OFFSET {offset}" if offset else "")
    return m.above(node, label="ORDER BY LIMIT", append=False, rowtime=None, unique_time=False, window=None,
                   flink=f"SELECT {node.names()} FROM {{0}} ORDER BY {orders[0]}{tail}",
                   duck=f"SELECT {node.names()} FROM {{0}} ORDER BY {orders[1]}{tail}", rows=min(bound, node.rows))


def set_operation(m, need, budget):
    """UNION, UNION ALL, INTERSECT, EXCEPT of two inputs, projected to what they share."""
    timed = need in ("time", "append")
    left, right = (m.grow("time" if timed else "any", b) for b in m.split(budget))
    word = "UNION ALL" if timed else m.rng.choice(("UNION ALL", "UNION", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"))
    picked, used = [], set()
    candidates = [c for c in left.columns if c.type in ("STRING", "INT", "BIGINT", "BOOLEAN") and c.name not in (left.window or ())]
    m.rng.shuffle(candidates)
    for column in candidates[: (4 if word == "UNION ALL" else 2)]:
        matches = [c for c in right.columns if c.type == column.type and c.name not in used]
        if matches:
            used.add((chosen := m.rng.choice(matches)).name)
            picked.append((column, chosen))
    if not picked:
        return None
    made = [m.fresh(a.type) for a, _ in picked]
    rowtime = None
    if word == "UNION ALL" and left.rowtime and right.rowtime and left.append and right.append:
        rowtime = m.fresh(m.time_type)
        picked.append((left.column(left.rowtime), right.column(right.rowtime)))
        made.append(rowtime)
    sides = [", ".join(f"{pair[i].name} AS {c.name}" for pair, c in zip(picked, made)) for i in (0, 1)]
    text = f"SELECT {sides[0]} FROM {{0}} {word} SELECT {sides[1]} FROM {{1}}"
    node = m.above(left, label=word, columns=made, flink=text, duck=text, rowtime=rowtime.name if rowtime else None,
                   unique_time=False, window=None, append=word == "UNION ALL" and left.append and right.append)
    node.inputs = [left, right]
    node.key = None if "ALL" in word else tuple(c.name for c in made)
    node.rows = left.rows + right.rows if "UNION" in word else left.rows / 2
    return node


def unnest(m, need, budget):
    node = m.grow("array time" if need in ("time", "append") else "array", budget)
    arrays = [c for c in node.columns if c.type == "ARRAY<INT>"]
    if not arrays:
        return None
    array, element = arrays[0], m.fresh("INT")
    kept = [c for c in node.columns if c is not array]
    made = [element]
    words = f"UNNEST({array.name})"
    alias = f"u ({element.name})"
    if m.chance(0.4):
        made.append(m.fresh("INT"))
        words, alias = f"{words} WITH ORDINALITY", f"u ({element.name}, {made[1].name})"
    names = ", ".join(c.name for c in (*kept, *made))
    join = f"LEFT JOIN {words} AS {alias} ON TRUE" if m.chance(0.4) else f"CROSS JOIN {words} AS {alias}"
    text = f"SELECT {names} FROM {{0}} {join}"
    return m.above(node, label="UNNEST", flink=text, duck=text, columns=[*kept, *made], rows=node.rows * 1.3,
                   unique_time=False, window=None, key=(*node.key, made[1].name) if node.key and len(made) == 2 and
                   join.startswith("CROSS") else None)


def over_changes(m, need, budget):
    """OVER by a column that is no time: everything is updated."""
    node = m.grow("any", budget)
    ordered = [c for c in node.columns if c.type in ("INT", "BIGINT", "STRING", "DATE") and c.name != node.rowtime]
    if not ordered:
        return None
    keys = [c.name for c in m.groupable(node, 1)]
    by = f"PARTITION BY {', '.join(keys)} " if keys else ""
    order = m.rng.choice(ordered).name
    calls, duck_calls, made = calls_over(m, node.columns, node, 2, True)
    windows = f"OVER ({by}ORDER BY {order})", f"OVER ({by}ORDER BY {order} NULLS FIRST)"
    texts = []
    for chosen, window in zip((calls, duck_calls), windows):
        items = [f"{over_each(text, window)} AS {name}" for text, name in chosen]
        texts.append(f"SELECT {node.names()}, {', '.join(items)} FROM {{0}}")
    return m.above(node, label="OVER of changes", flink=texts[0], duck=texts[1], columns=[*node.columns, *made],
                   append=False, rowtime=None, unique_time=False, window=None)
