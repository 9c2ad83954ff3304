"""Values of both engines in one canonical form, and the folding of changelogs."""
import json
from collections import Counter
from decimal import Decimal

from expressions import decimal_of


def columns_of_duck(columns):
    """Columns as DuckDB hands them out: times as text."""
    for column in columns:
        if column.is_time():
            yield f"strftime({column.name}, '%Y-%m-%d %H:%M:%S.%g')"
        else:
            yield column.name


def number_text(value):
    """A DOUBLE to six decimals: sums of squares differ in the last digits."""
    value = round(float(value), 6)
    return "0.0" if value == 0 else repr(value)


def row_of_duck(row, columns):
    return tuple(duck_text(value, column.type) for value, column in zip(row, columns))


def duck_text(value, type_):
    if value is None:
        return None
    if type_ == "DOUBLE":
        return number_text(value)
    if (parts := decimal_of(type_)) is not None:
        return str(Decimal(value).quantize(Decimal(1).scaleb(-parts[1])))
    if type_.startswith("MULTISET"):
        return json.dumps(sorted(value.items()))
    if type_.startswith("ARRAY"):
        return json.dumps(list(value))
    return value if isinstance(value, (int, bool)) else str(value)


def row_of_penstock(row, columns):
    return tuple(penstock_text(value, column.type) for value, column in zip(row, columns))


def row_of_file(row, columns):
    """A row of a JSON file, where decimals have lost their zeros."""
    plain = []
    for value, column in zip(row, columns):
        parts = decimal_of(column.type)
        if parts is not None and value is not None:
            value = Decimal(str(value)).quantize(Decimal(1).scaleb(-parts[1]))
        plain.append(penstock_text(value, column.type))
    return tuple(plain)


def penstock_text(value, type_):
    if value is None:
        return None
    if type_ == "DOUBLE":
        return number_text(value)
    if decimal_of(type_) is not None:
        return str(value)
    if type_.startswith("TIMESTAMP"):
        text = value.rstrip("Z")
        whole, _, part = text.partition(".")
        return f"{whole}.{part.ljust(3, '0')}"
    if type_.startswith("MULTISET"):
        return json.dumps(sorted([k, n] for k, n in (value.items() if isinstance(value, dict) else value)))
    if type_.startswith("ARRAY"):
        return json.dumps(value)
    return value


def fold(changes, key=None):
    """(final rows as a Counter, problem): by whole rows, or by the places of a key."""
    if key is not None:
        rows = {}
        for kind, row in changes:
            identity = tuple(row[p] for p in key)
            if kind in ("+I", "+U"):
                rows[identity] = row
            else:  # a sink that is told what an update replaces takes it away, as upsert-kafka does
                rows.pop(identity, None)
        return Counter(rows.values()), None
    rows = Counter()
    for kind, row in changes:
        rows[row] += 1 if kind in ("+I", "+U") else -1
    negative = [row for row, count in rows.items() if count < 0]
    problem = f"taken back without being there: {negative[:3]}" if negative else None
    return Counter({row: count for row, count in rows.items() if count > 0}), problem


def difference(expected, got):
    missing, extra = Counter(expected) - got, got - Counter(expected)
    if not missing and not extra:
        return None
    return f"missing {show(missing)}\n  extra   {show(extra)}"


def show(rows):
    return "; ".join(f"{list(row)}{f' x{n}' if n > 1 else ''}" for row, n in list(rows.items())[:4]) + \
        (f" and {len(rows) - 4} more" if len(rows) > 4 else "")
