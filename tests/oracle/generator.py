"""Random queries of one to four stateful operators over the tables of a seed.

Each operator asks for inputs with a need: 'any' changelog, 'append', 'time' (append-only with a time attribute), 'utime'
(each time once), 'array' (with an ARRAY column). An operator may decline (None): another is tried.
"""
import operators_join as joins
import operators_time as times
import operators_update as updates
from maker import Maker

# operator -> (weight at the end of a query or over any input, weight where a time attribute must survive, what its
# result can be)
OPERATORS = {
    updates.group_by: (6, 0, "any"), updates.distinct: (3.5, 0, "any"), updates.grouping_sets: (5, 0, "any"),
    updates.top_n: (5, 0, "any"), updates.limit: (3, 0, "any"), updates.over_changes: (4, 0, "any"),
    updates.set_operation: (16, 0.7, "any append time"), updates.unnest: (2, 0.9, "any append time"),
    times.window_aggregate: (4, 5, "any append time"), times.aggregate_of_windows: (1.5, 1.5, "any append time"),
    times.by_arrival: (9, 0, "any append"), times.window_rank: (5, 3, "any append"), times.one_row: (3.5, 0.7, "any append time utime"),
    times.over: (5, 2.5, "any append time utime"), joins.regular: (12, 4, "any append"), joins.semi: (14, 4, "any append"),
    joins.interval: (8, 1.5, "any append time"), joins.temporal: (1.5, 0.6, "any append time utime"),
    joins.lookup: (1.5, 0.6, "any append time"), joins.window_join: (18, 6, "any append"),
}

# Operators that come up too seldom by themselves: a part of all queries is drawn again until one of them is there.
SELDOM = ("inner join", "right join", "left join", "window join, left", "window join, EXISTS", "IN", "EXISTS", "EXCEPT",
          "EXCEPT ALL", "aggregate of all rows", "SESSION", "last row", "ORDER BY LIMIT", "interval join, left",
          "temporal join", "last row, processing time", "window deduplication", "LAG", "lookup join",
          "window join, EXISTS", "window join, NOT EXISTS", "Top-N with rank", "OVER, processing time", "INTERSECT ALL",
          *2 * ("GROUPING SETS", "NOT EXISTS", "NOT IN", "INTERSECT", "INTERSECT ALL", "interval join, inner",
                "interval join, right", "window join, inner", "first row, processing time"))
SELDOM_SHARE, SELDOM_TRIES = 0.5, 40


class Generator:
    """Queries of one seed; the same seed gives the same queries."""

    def __init__(self, rng, tables, time_type):
        self.rng, self.tables, self.time_type = rng, tables, time_type

    def query(self):
        """The root of a new plan."""
        wanted = self.rng.choice(SELDOM) if self.rng.random() < SELDOM_SHARE else None
        for _ in range(SELDOM_TRIES):
            root = self.plan()
            if wanted is None or wanted in root.labels():
                break
        return root

    def plan(self):
        m = Maker(self.rng, self.tables, self.time_type)
        m.grow = lambda need, budget: self.grow(m, need, budget)
        m.split = self.split
        budget = self.rng.choices((1, 2, 3, 4), (35, 38, 18, 9))[0]
        if self.rng.random() < 0.045 and (root := times.sort(m, "any", budget - 1)):
            return root
        root = self.operator(m, "any", budget)
        return self.decorated(m, root)

    def split(self, budget):
        left = self.rng.randint(0, budget)
        return left, budget - left

    def grow(self, m, need, budget):
        array = need.startswith("array")
        if budget <= 0 or array:
            node = self.leaf(m, need)
        else:
            node = self.operator(m, need, budget)
        return node if array else self.decorated(m, node)

    def operator(self, m, need, budget):
        usable = [(op, first if need == "any" else second) for op, (first, second, gives) in OPERATORS.items()
                  if need in gives.split()]
        for _ in range(20):
            op = self.rng.choices([o for o, _ in usable], [w for _, w in usable])[0]
            before = m.count
            node = op(m, need, budget - 1)
            if node is not None and self.fits(node, need) and len(node.labels()) <= 6 and node.rows < 4000:
                return node
            m.count = before
        return self.leaf(m, need)

    def fits(self, node, need):
        return {"any": True, "append": node.append, "time": node.append and node.rowtime is not None,
                "utime": node.append and node.rowtime is not None and node.unique_time}[need]

    def leaf(self, m, need):
        if need == "array":
            return m.scan(self.rng.choice(("a0", "a2", "c0", "c1", "p0")), ("arr",))
        if need in ("utime",):
            return m.scan(self.rng.choice(("a0", "a1")))
        if need in ("time", "append", "array time"):
            return m.scan(self.rng.choice(("a0", "a1", "a2")))
        return m.scan(self.rng.choice(updates.ANY_TABLES))

    def decorated(self, m, node):
        if self.rng.random() < 0.18:
            node = m.filter(node)
        if self.rng.random() < 0.22:
            node = m.project(node)
        return node
