#!/usr/bin/env python3
"""The user documentation as a test: its examples run, and its lists name what there is.

    tests/docs/run.py --penstock build/penstock [--filter PART]

Examples. Each ```sql block of a page in docs/reference, docs/how-to and README.md runs in one session after the
page's earlier blocks; a ```text block right behind it is what it prints (as `changelog` where it begins with "op |",
otherwise as `table`). A block may say more on its first line:
  ```sql error 2002       the block fails with that number
  ```sql needs kafka      shown, not run here: it needs that server
  ```sql endless          shown, not run here: it has no end
A ```json, ```csv or ```text block whose first line is ```json file=NAME is a file in the folder the examples run in.

Lists. functions.md names every function of SHOW FUNCTIONS, connectors/ and formats/ have a page for each that is
registered, options.md names every session option that the sources read, errors.md every error of the catalogue. The files
that docs/ARCHITECTURE.md names on a record's way say which step they are; every module has a README.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REFERENCE = ROOT / "docs" / "reference"
MARKER = "@@ the block starts here @@"
# Forms that look like functions, and functions that have a form of their own: a.b, a[i], -a and the like.
SPECIAL = {"CAST", "TRY_CAST", "COALESCE", "NULLIF", "IFNULL", "IF", "ROW", "CURRENT_WATERMARK", "ROW_NUMBER", "RANK",
           "DENSE_RANK", "NTILE", "PERCENT_RANK", "CUME_DIST", "LAG", "LEAD"}
FORMS = {"field", "item", "negate", "not", "like", "rlike", "array", "map", "row", "minus"}


class Block:
    def __init__(self, line, info, text):
        self.line, self.info, self.text = line, info.split(), text


def blocks(path):
    """The fenced blocks of a page."""
    found, fence, start = [], None, 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if fence is None and line.startswith("```"):
            fence, start, lines = line[3:], number, []
        elif line == "```":
            found.append(Block(start, fence, "\n".join(lines)))
            fence = None
        elif fence is not None:
            lines.append(line)
    return found


def is_kind(block, kind):
    return block.info[:1] == [kind]


class Runner:
    """Runs the blocks of one page, each after those before it."""

    def __init__(self, penstock, page, files):
        self.penstock, self.page, self.files = penstock, page, files
        self.before, self.ran, self.skipped, self.problems = [], 0, [], []
        self.wrong = []  # (expected block, what was printed)

    def problem(self, block, text):
        self.problems.append(f"{self.page.relative_to(ROOT)}:{block.line}: {text}")

    def execute(self, sql, output_format):
        script = "\n".join(self.before + [f"SELECT '{MARKER}' AS marker;", sql])
        with tempfile.TemporaryDirectory() as folder:  # a new one each time: earlier blocks run again
            for name, text in {**self.files, "script.sql": script}.items():
                target = pathlib.Path(folder) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            done = subprocess.run([str(self.penstock), "run", "--format", output_format, "script.sql"], cwd=folder,
                                  capture_output=True, text=True, timeout=60)
        lines = done.stdout.splitlines()
        at = next((i for i, line in enumerate(lines) if MARKER in line), None)
        rest = [] if at is None else lines[at + (3 if output_format == "table" else 1):]
        return done, [line.rstrip() for line in rest]

    def run(self, block, following):
        if block.info[1:2] in (["needs"], ["endless"]):
            self.skipped.append(f"{self.page.relative_to(ROOT)}:{block.line} ({' '.join(block.info[1:])})")
            return
        expected = following.text if following and following.info == ["text"] else None
        output_format = "changelog" if expected and expected.startswith("op |") else "table"
        try:
            done, printed = self.execute(block.text, output_format)
        except subprocess.TimeoutExpired:
            return self.problem(block, "the example has no end; mark it ```sql endless")
        self.ran += 1
        if block.info[1:2] == ["error"]:
            if f"PS-{block.info[2]}" not in done.stderr or done.returncode != 1:
                self.problem(block, f"wanted error {block.info[2]}, got {done.returncode}: {done.stderr.strip()}")
            return
        if done.returncode != 0:
            return self.problem(block, f"the example fails: {done.stderr.strip()}")
        self.before.append(block.text if block.text.rstrip().endswith(";") else block.text + ";")
        if expected is not None and printed != [line.rstrip() for line in expected.splitlines()]:
            self.problem(block, "the example prints\n" + "\n".join(printed) + "\ninstead of\n" + expected)
            self.wrong.append((following, printed))


def run_page(penstock, page):
    found = blocks(page)
    files = {word[5:]: block.text + "\n" for block in found for word in block.info[1:] if word.startswith("file=")}
    runner = Runner(penstock, page, files)
    for block, following in zip(found, found[1:] + [None]):
        if is_kind(block, "sql"):
            runner.run(block, following)
    return runner


def rewrite(page, wrong):
    """Puts what the examples printed in the place of what the page says."""
    lines = page.read_text().splitlines()
    for block, printed in sorted(wrong, key=lambda pair: -pair[0].line):
        lines[block.line:block.line + len(block.text.splitlines())] = printed
    page.write_text("\n".join(lines) + "\n")


def names_in(text):
    """The names that stand in back-ticks, in upper case, cut before what is no identifier."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)
    return {word.upper() for quoted in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\w+", quoted)}


def check_functions(penstock):
    done = subprocess.run([str(penstock), "--format", "csv", "-c", "SHOW FUNCTIONS"], capture_output=True, text=True)
    registered = [line.split(",")[1] for line in done.stdout.splitlines()[1:]]
    page = (REFERENCE / "functions.md").read_text()
    named = names_in(page)
    called = set(re.findall(r"`([A-Z]\w+)\(", page)) - {name.upper() for name in registered} - SPECIAL
    return [f"docs/reference/functions.md: there is no {name}" for name in sorted(called)] + [f"docs/reference/functions.md: {name.upper()} is missing" for name in registered
            if name.upper() not in named and name not in FORMS] + ([] if registered else ["SHOW FUNCTIONS is empty"])


def registered_names(penstock, option, other):
    """What an error about an unknown connector or format lists."""
    sql = f"CREATE TABLE t (a STRING) WITH ('{option}' = 'no such thing'{other}); SELECT * FROM t"
    done = subprocess.run([str(penstock), "-c", sql], capture_output=True, text=True)
    listed = re.search(r"(?:are|is|:)\s+((?:'?[\w-]+'?,\s*)+'?[\w-]+'?)", done.stderr.split("no such thing", 1)[-1])
    return re.findall(r"[\w-]+", listed[1]) if listed else []


def check_pages(penstock, folder, option, other=""):
    names = registered_names(penstock, option, other)
    if not names:
        return [f"cannot find out which {folder} there are"]
    return [f"docs/reference/{folder}/{name}.md is missing" for name in names
            if not (REFERENCE / folder / f"{name}.md").exists()]


def check_options():
    keys = set()
    for path in (ROOT / "src").rglob("*.cc"):
        if not path.name.endswith("_test.cc"):
            keys |= set(re.findall(r'(?:config_?->|config_?\.|GetString|GetBool|GetInt|GetDuration|Set)\w*\(\s*"([a-z]+\.[\w.-]+)"',
                                   path.read_text()))
    page = (REFERENCE / "options.md").read_text()
    return [f"docs/reference/options.md: {key} is missing" for key in sorted(keys) if f"`{key}`" not in page]


def check_errors():
    catalogue = (ROOT / "src/base/error_catalog.h").read_text()
    names = (ROOT / "src/base/error_catalog.cc").read_text()
    wanted = {}
    for name, number in re.findall(r"(k\w+) = (\d{4}),", catalogue):
        wanted[number] = re.search(rf'ErrorNumber::{name}: return "([^"]+)"', names)[1]
    page = dict(re.findall(r"^\| (\d{4}) \| ([^|]+?) \|", (REFERENCE / "errors.md").read_text(), re.M))
    return [f"docs/reference/errors.md: {number} should be '{wanted.get(number)}', is '{page.get(number)}'"
            for number in sorted(wanted.keys() | page.keys()) if wanted.get(number) != page.get(number)]


def check_architecture():
    """Files that the way of a record names exist and say which step they are."""
    problems, step = [], 0
    text = (ROOT / "docs/ARCHITECTURE.md").read_text().split("## The way of a record")[1].split("\n## ")[0]
    for line in text.splitlines():
        step = int(match[1]) if (match := re.match(r"(\d+)\. ", line)) else step
        for name in re.findall(r"`(\w+/[\w/]+\.(?:cc|h))`", line if step else ""):
            path = ROOT / "src" / name
            head = path.read_text().split("#", 1)[0] if path.exists() else ""
            if not re.search(rf"Steps? (?:\d+ and )?{step}\b", head):
                problems.append(f"docs/ARCHITECTURE.md: step {step}: src/{name} does not say so at its top")
    return problems


def check_readmes():
    """Every module has a README of at most 60 lines."""
    problems = []
    for folder in sorted(path for path in (ROOT / "src").iterdir() if path.is_dir()):
        readme = folder / "README.md"
        if not readme.exists() or len(readme.read_text().splitlines()) > 60:
            problems.append(f"src/{folder.name}/README.md is missing or longer than 60 lines")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--penstock", default=str(ROOT / "build" / "penstock"))
    parser.add_argument("--filter", default="", help="only pages whose path has this part")
    parser.add_argument("--update", action="store_true", help="write into the pages what their examples print")
    arguments = parser.parse_args()
    penstock = pathlib.Path(arguments.penstock).resolve()
    pages = [ROOT / "README.md", *sorted(REFERENCE.rglob("*.md")), *sorted((ROOT / "docs/how-to").rglob("*.md"))]
    problems, ran, skipped = [], 0, []
    for page in pages:
        if arguments.filter not in str(page):
            continue
        runner = run_page(penstock, page)
        ran += runner.ran
        skipped += runner.skipped
        problems += runner.problems
        if arguments.update and runner.wrong:
            rewrite(page, runner.wrong)
    if not arguments.filter:
        problems += check_functions(penstock) + check_options() + check_errors() + check_architecture() + check_readmes()
        problems += check_pages(penstock, "connectors", "connector")
        problems += check_pages(penstock, "formats", "connector' = 'filesystem', 'path' = 'x', 'format")
    for text in problems:
        print(text)
    for name in skipped:
        print(f"skip {name}")
    print(f"docs: {ran} examples ran, {len(skipped)} skipped, {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
