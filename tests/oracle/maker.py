"""What all operators of the generator share: scans, fresh names, orders, projections, filters."""
from expressions import expression, predicate
from plan import Node
from tables import Column

GROUPABLE = ("STRING", "INT", "BIGINT", "BOOLEAN", "DATE")


class Maker:
    """Makes nodes for one query over the tables of a seed. `grow` makes inputs: see generator.py."""

    def __init__(self, rng, tables, time_type):
        self.rng, self.tables, self.time_type = rng, tables, time_type
        self.count = 0
        self.grow = None

    def fresh(self, type_, nullable=True):
        self.count += 1
        return Column(f"c{self.count}", type_, nullable)

    def chance(self, share):
        return self.rng.random() < share

    def scan(self, table, needed=()):
        """A table under fresh names; not always all of its columns."""
        table = self.tables[table]
        kept = {*needed, *table.unique, *table.key, table.rowtime, "k", "v", "g", "w", "arr"}
        chosen = [c for c in table.columns if c.name in kept or self.chance(0.4) or not table.unique]
        renamed = {c.name: self.fresh(c.type, c.nullable) for c in chosen}
        listed = ", ".join(f"{old} AS {new.name}" for old, new in renamed.items())
        text = f"SELECT {listed} FROM {table.name}"
        rowtime = renamed[table.rowtime].name if table.rowtime and table.append() else None
        key = tuple(renamed[u].name for u in table.unique) or None
        label = "changelog normalize" if table.modes == "I,UA,D" else None
        return Node(label, [], text, text, list(renamed.values()), append=table.append(), rowtime=rowtime,
                    unique_time=table.unique_time and bool(rowtime), key=key, table=table, rows=len(table.content()))

    def above(self, node, **changes):
        """A node over one that has its properties but for the changes."""
        made = Node(None, [node], "", "", node.columns, node.append, node.rowtime, node.unique_time, node.key, node.window,
                    rows=node.rows)
        for name, value in changes.items():
            setattr(made, name, value)
        return made

    def filter(self, node):
        flink, duck = predicate(self.rng, node.columns)
        made = self.above(node, rows=node.rows * 0.8)
        made.flink = f"SELECT {node.names()} FROM {{0}} WHERE {flink}"
        made.duck = f"SELECT {node.names()} FROM {{0}} WHERE {duck}"
        return made

    def project(self, node):
        """Some columns and a computed one or two; what later steps stand on stays."""
        kept_names = {*(node.key or ()), node.rowtime, *(node.window or ())[:3]}
        kept = [c for c in node.columns if c.name in kept_names or self.chance(0.7)]
        items, columns = [(c.name, c.name) for c in kept], list(kept)
        for _ in range(self.rng.randint(0, 2)):
            if call := expression(self.rng, node.columns):
                column = self.fresh(call.type, True)
                items.append((f"{call.flink} AS {column.name}", f"{call.duck} AS {column.name}"))
                columns.append(column)
        if not columns:
            return node
        return self.select(node, columns, items)

    def select(self, node, columns, items=None):
        """Exactly these columns."""
        names = {c.name for c in columns}
        items = items or [(c.name, c.name) for c in columns]
        key = node.key if node.key and set(node.key) <= names else None
        window = node.window if node.window and set(node.window[:3]) <= names else None
        made = self.above(node, columns=columns, key=key, window=window)
        if node.rowtime not in names:
            made.rowtime, made.unique_time = None, False
        made.flink = f"SELECT {', '.join(f for f, _ in items)} FROM {{0}}"
        made.duck = f"SELECT {', '.join(d for _, d in items)} FROM {{0}}"
        return made

    def orderable(self, node):
        """The node, projected where rows could differ although they are equal in all columns of an order."""
        if node.key and all(node.column(k).is_orderable() for k in node.key):
            return node
        columns = [c for c in node.columns if c.is_orderable()]
        return node if len(columns) == len(node.columns) else self.select(node, columns) if columns else None

    def order(self, node, first=1):
        """(Flink's, DuckDB's) text of an order that leaves no ties but of equal rows."""
        ordered = [c.name for c in node.columns if c.is_orderable()]
        chosen = self.rng.sample(ordered, min(first, len(ordered)))
        chosen += [name for name in (node.key or ordered) if name not in chosen]
        flink, duck = [], []
        for name in chosen:
            down = self.chance(0.5)
            nulls = self.rng.choice((None, None, None, "FIRST", "LAST"))
            flink.append(f"{name}{' DESC' if down else self.rng.choice(('', ' ASC'))}{f' NULLS {nulls}' if nulls else ''}")
            nulls = nulls or ("LAST" if down else "FIRST")
            duck.append(f"{name} {'DESC' if down else 'ASC'} NULLS {nulls}")
        return ", ".join(flink), ", ".join(duck)

    def groupable(self, node, most):
        usable = [c for c in node.columns if c.type in GROUPABLE and c.name not in (node.window or ())]
        small = [c for c in usable if c.type in ("STRING", "INT", "BOOLEAN", "DATE")] or usable
        return self.rng.sample(small, min(len(small), self.rng.randint(0, most)))

    def common_columns(self, left, right, time=False):
        """Pairs of columns of the same type on both sides that may be equal."""
        pairs = [(a, b) for a in left.columns for b in right.columns if a.type == b.type and a.type in ("STRING", "INT", "BIGINT")]
        strings = [pair for pair in pairs if pair[0].type == "STRING"]
        return strings if strings and self.chance(0.5) else pairs

    def thinned(self, node, most=9):
        """At most so many columns: those that matter stay."""
        if len(node.columns) <= most:
            return node
        kept_names = {*(node.key or ()), node.rowtime, *(node.window or ())[:3]}
        others = [c for c in node.columns if c.name not in kept_names]
        kept_names |= {c.name for c in self.rng.sample(others, max(2, min(len(others), most - len(kept_names))))}
        return self.select(node, [c for c in node.columns if c.name in kept_names])
