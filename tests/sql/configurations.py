"""The configurations in which every text test runs, and the choice of those for an everyday run."""
import itertools
import random
from dataclasses import dataclass

PARALLELISMS = (1, 3)
BATCH_ROWS = (1, 7, 1024)
# plain; serialised: each job graph is written to bytes and read back before it runs; savepoint: the job is stopped
# with a savepoint after a random part of each table, and started again from it over the whole; at parallelism 3 it
# ran with 1 to 3 before.
MODES = ("plain", "serialised", "savepoint")
# The same files as batch jobs: batch has memory for everything, spill for next to nothing. Their queries must end with
# the content that the changelog of the stream ends with.
BATCH_MODES = ("batch", "spill")
# rocksdb: with a budget that is used up from the start, so that all state goes to disk between batches.
BACKENDS = ("hashmap", "rocksdb")


@dataclass(frozen=True)
class Configuration:
    """One way to run a file."""

    parallelism: int
    batch_rows: int
    mode: str
    backend: str

    def options(self):
        options = ["-D", f"penstock.batch-rows={self.batch_rows}"]
        if self.mode == "serialised":
            options += ["-D", "penstock.job.round-trip=true"]
        if self.in_batch():
            options += ["-D", "execution.runtime-mode=batch", "-D", "penstock.job.round-trip=true"]
        if self.backend != "hashmap":
            options += ["-D", f"state.backend.type={self.backend}", "-D", "state.memory.budget=64 kb"]
        if self.mode == "spill":
            options += ["-D", "state.backend.type=rocksdb", "-D", "state.memory.budget=1 kb"]
        return options

    def in_batch(self):
        return self.mode in BATCH_MODES

    def pristine(self):
        """True when sources are read row by row without a break, as a changelog of several sources assumes."""
        return self.parallelism == 1 and self.batch_rows == 1 and self.mode != "savepoint"

    def words(self):
        """What a skip line may name."""
        return {f"parallelism {self.parallelism}", f"batch {self.batch_rows}", self.mode, self.backend} | (
            {"batch"} if self.in_batch() else set())

    def __str__(self):
        return f"parallelism {self.parallelism}, batch {self.batch_rows}, {self.mode}, {self.backend}"


def product():
    return [Configuration(*values)
            for values in itertools.product(PARALLELISMS, BATCH_ROWS, MODES + BATCH_MODES, BACKENDS)]


def in_batch(seed):
    """A configuration for each of the batch modes."""
    chosen = random.Random(seed)
    return [Configuration(chosen.choice(PARALLELISMS), chosen.choice(BATCH_ROWS), mode, BACKENDS[0])
            for mode in BATCH_MODES]


def covering(seed):
    """Nine configurations in which every pair of values of two settings occurs; the seed chooses which nine."""
    shift = random.Random(seed).randrange(6)
    pattern = (0, 1, 0) if shift % 2 else (1, 0, 1)
    on_disk = (0, 0, 1)  # of the three values of a second square that is orthogonal to the first
    return [
        Configuration(PARALLELISMS[pattern[(b + m + shift) % 3]], rows, mode,
                      BACKENDS[on_disk[(b + 2 * m + shift) % 3]])
        for b, rows in enumerate(BATCH_ROWS)
        for m, mode in enumerate(MODES)
    ]
