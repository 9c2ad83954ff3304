#!/usr/bin/env python3
"""Style as a test: what docs/ARCHITECTURE.md asks of the sources and a program can check.

Lines of at most 110 columns; an opening comment in every file; no banned calls (the clock, sleep, rand and std::thread
outside of env; iostream and std::regex in headers; throw); sizes as ratchets: files over the limit are listed in
tools/tidy_known.txt with their size and may only shrink.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
KNOWN = ROOT / "tools" / "tidy_known.txt"
LIMITS = {".h": 250, ".cc": 600}
TEST_LIMIT = 800
BANNED = [
    (r"std::this_thread::sleep|\busleep\(|\bnanosleep\(", "sleeping blocks a task; use a processing-time timer", ("src/env/",)),
    (r"system_clock|steady_clock|\btime\(nullptr\)|gettimeofday", "read time through env/clock.h", ("src/env/",)),
    (r"\brand\(\)|std::mt19937|random_device", "randomness comes from env/random.h", ("src/env/",)),
    (r"std::thread\b|std::jthread|pthread_create", "threads come from env/thread.h", ("src/env/",)),
    (r"std::regex", "use PCRE2", ()),
    (r"\bthrow\b(?!\s*[;\w]*\s*\*/)", "we return Status", ()),
    (r"\b(ifstream|ofstream|fopen)\b", "files come from env/files/file_system.h", ("src/env/",)),
    (r"\bXXX\b|\bTODO\b|\bFIXME\b", "finish it or write it down in docs", ()),
]


def strip_comments(text):
    text = re.sub(r"//[^\n]*", "", text)
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def main():
    problems, sizes = [], {}
    known = dict(line.rsplit(" ", 1) for line in KNOWN.read_text().split("\n") if line and not line.startswith("#"))
    files = [p for top in ("src", "apps", "include", "tests", "bench") for p in sorted((ROOT / top).rglob("*"))
             if p.suffix in LIMITS]
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        text = path.read_text()
        lines = text.splitlines()
        if not lines or not lines[0].startswith("//"):
            problems.append(f"{name}:1: a file opens with a comment that says what it is")
        for number, line in enumerate(lines, 1):
            if len(line) > 110:
                problems.append(f"{name}:{number}: {len(line)} columns, at most 110")
        code = strip_comments(text)
        for pattern, advice, homes in BANNED:
            if re.search(pattern, code) and not name.startswith(homes or ("\0",)):
                problems.append(f"{name}: {re.search(pattern, code)[0]}: {advice}")
        if path.suffix == ".h" and re.search(r"#include <(iostream|regex)>", text):
            problems.append(f"{name}: <iostream> and <regex> do not belong in headers")
        limit = TEST_LIMIT if name.endswith("_test.cc") else LIMITS[path.suffix]
        if len(lines) > max(limit, int(known.get(name, 0))):
            problems.append(f"{name}: {len(lines)} lines, at most {max(limit, int(known.get(name, 0)))}: split it")
        sizes[name] = len(lines)
    for name in known:
        if sizes.get(name, 0) <= LIMITS[pathlib.Path(name).suffix]:
            problems.append(f"tools/tidy_known.txt: {name} is small now: take it off the list")
    print("\n".join(problems + [f"tidy: {len(files)} files, {len(problems)} problems"]))
    return 1 if problems else 0


sys.exit(main())
