"""Change one number, operator or comparison at random, again and again: do the tests see it?

    python tests/mutation.py --count 60 --seed 0 --out mutations.jsonl

Works in a temporary copy of the checkout and runs the tests that cover the changed module, or all
of them (--whole). One JSON line for each mutation is added to --out, and a repeated call goes on
where it stands there. A change is caught where a test fails that passes without it.
"""

import argparse
import ast
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOMS = "theory", "collapse_sim"
PRINTED = {"theory/language/printed.py"}  # data, which nothing but the print can check

OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
SMALL = 100  # integers below it become the next one; other numbers grow by 2 %
LEDGER = "tests/theory/test_ledgers.py", "tests/theory/test_judged_numbers.py"


class Mutation(NamedTuple):
    """The text `old` at a place of a file, which becomes `new`; columns are bytes, as in ast."""

    file: str
    line: int
    column: int
    old: str
    new: str

    def apply(self, source: str) -> str:
        text, old = source.encode(), self.old.encode()
        start = sum(map(len, text.splitlines(keepends=True)[: self.line - 1])) + self.column
        assert text[start:].startswith(old), self
        return (text[:start] + self.new.encode() + text[start + len(old) :]).decode()


def changed(node: ast.AST) -> Iterator[ast.expr]:
    """Every expression that one change makes of this one, its parts as they are."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        number: Any = node.value
        next_one = number == 0 or (isinstance(number, int) and number < SMALL)
        yield ast.Constant(number + 1 if next_one else type(number)(number * 1.02))
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            if type(operator) in OPERATORS:
                ops = [*node.ops[:place], OPERATORS[type(operator)](), *node.ops[place + 1 :]]
                yield ast.Compare(node.left, ops, node.comparators)


def executed(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below but annotations and texts: there a number is a shape or a word."""
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr):
                    yield child
                    yield from executed(child)


def mutations(file: str, source: str) -> Iterator[Mutation]:
    """All changes of one file."""
    lines = source.splitlines(keepends=True)
    for node in executed(ast.parse(source)):
        for new in changed(node):
            assert isinstance(node, ast.expr) and node.end_lineno is not None
            own = "".join(lines[node.lineno - 1 : node.end_lineno]).encode()
            after = len(lines[node.end_lineno - 1].encode()) - (node.end_col_offset or 0)
            old = own[node.col_offset : len(own) - after].decode()
            yield Mutation(file, node.lineno, node.col_offset, old, ast.unparse(new))


def draw(root: Path, count: int, seed: int) -> list[Mutation]:
    """`count` changes, each place of the rooms being as likely as any other."""
    paths = sorted(path for room in ROOMS for path in (root / room).rglob("*.py"))
    files = [str(path.relative_to(root)) for path in paths]
    places = [
        one
        for file in files
        if file not in PRINTED
        for one in mutations(file, (root / file).read_text("utf-8"))
    ]
    return random.Random(seed).sample(places, min(count, len(places)))


def imports(source: str) -> set[str]:
    """Dotted names of all that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def covering(root: Path, file: str) -> list[str]:
    """The doctests of a module, its mirrored tests, then those that import it or the ledger."""
    paths = [path for path in (root / "tests").rglob("*.py") if "benchmarks" not in path.parts]
    sources = {str(path.relative_to(root)): imports(path.read_text("utf-8")) for path in paths}
    seen, found = {dotted(file)}, set(LEDGER if file.startswith("theory/") else ())
    while True:  # a helper of tests hands on what it imports
        found |= {name for name, names in sources.items() if names & seen}
        if seen >= set(map(dotted, found)):
            break
        seen |= set(map(dotted, found))
    tests = [name for name in found if Path(name).name.startswith("test_")]
    return [file, *sorted(tests, key=lambda name: (Path(file).stem not in Path(name).stem, name))]


def dotted(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def pytest(root: Path, tests: list[str], seconds: float) -> tuple[int | None, str]:
    """Exit status, None for one that took too long, and what was said; stops at the first fault."""
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "--tb=no", *tests]
    environment = os.environ | {"CI": "true"}  # Hypothesis draws the same examples every time
    with subprocess.Popen(command, cwd=root, env=environment, text=True, start_new_session=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:  # fmt: skip
        try:
            said, _ = run.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            return None, run.communicate()[0]
    return run.returncode, said


def judge(root: Path, mutation: Mutation, tests: list[str], seconds: float) -> dict[str, Any]:
    """What the tests say of one change: caught, survived, timeout, or fails without it too."""
    path, started = root / mutation.file, time.monotonic()
    source = path.read_text("utf-8")
    path.write_text(mutation.apply(source), "utf-8")
    try:
        status, said = pytest(root, tests, seconds)
    finally:
        path.write_text(source, "utf-8")
    outcome = {0: "survived", 5: "survived", None: "timeout"}.get(status, "caught")
    failed = re.findall(r"^(?:FAILED|ERROR) ([^\s\[]+)", said, re.M)[:1]
    if outcome == "caught" and pytest(root, failed or tests, seconds)[0] != 0:
        outcome = "fails without it"
    took = round(time.monotonic() - started, 1)
    return {**mutation._asdict(), "outcome": outcome, "by": failed, "seconds": took}


def copy(root: Path, target: Path) -> None:
    """All files of the checkout that git does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)


def main(arguments: list[str] | None = None, root: Path = Path(__file__).parents[1]) -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON lines, one for each mutation")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for each mutation")
    parser.add_argument("--whole", action="store_true", help="run every test for every mutation")
    given = parser.parse_args(arguments)
    lines = given.out.read_text("utf-8").splitlines() if given.out and given.out.exists() else []
    results = {
        Mutation(*(row[name] for name in Mutation._fields)): row for row in map(json.loads, lines)
    }
    drawn = draw(root, given.count, given.seed)
    with tempfile.TemporaryDirectory() as folder:
        copy(root, Path(folder))
        for mutation in drawn:
            if mutation not in results:
                tests = [] if given.whole else covering(root, mutation.file)
                results[mutation] = judge(Path(folder), mutation, tests, given.timeout)
                if given.out:
                    with given.out.open("a", encoding="utf-8") as out:
                        out.write(json.dumps(results[mutation]) + "\n")
            line = "{outcome}: {file}:{line}:{column}: {old} -> {new} {by}"
            print(line.format(**results[mutation]), flush=True)
    outcomes = [results[mutation]["outcome"] for mutation in drawn]
    print(*(f"{outcomes.count(name)} {name}" for name in dict.fromkeys(outcomes)), sep=", ")


if __name__ == "__main__":
    main()
