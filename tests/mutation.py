"""Change one number, operator or comparison at random, again and again: do the tests see it?

    python tests/mutation.py --count 60 --seed 0 --out mutations.jsonl

Works in a temporary copy of the checkout and runs the tests that cover the changed module, the
cheap ones first, or all of them (--whole). One JSON line for each mutation is added to --out, and a
repeated call goes on where it stands there. A change is caught where a test fails that passes
without it; it is not covered where no test comes to it.
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
LEDGER = {f"tests/theory/test_{name}.py" for name in ("ledgers", "judged_numbers", "certificates")}
CHEAP = "theory", "collapse_sim"  # rooms whose tests run nothing long, in this order
EXIT = '__import__("os")._exit(1)'  # in place of an expression: says that a test comes to it


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


def importing(sources: dict[str, set[str]], names: set[str]) -> set[str]:
    """Files that import one of these names, or a file that does."""
    found: set[str] = set()
    while True:
        more = {file for file, imported in sources.items() if imported & names} - found
        if not more:
            return found
        found |= more
        names = names | set(map(dotted, more))


def covering(root: Path, file: str) -> list[str]:
    """The doctests of a module, its mirrored tests, then those that import it or the ledger."""
    paths = [path for room in ("tests", *ROOMS) for path in (root / room).rglob("*.py")]
    sources = {str(path.relative_to(root)): imports(path.read_text("utf-8")) for path in paths}
    tests = {
        name: names
        for name, names in sources.items()
        if name.startswith("tests/") and "benchmarks" not in Path(name).parts
    }
    names, users = {dotted(file)}, {dotted(file)}
    while not (found := importing(tests, names)) and users:  # the tests of what imports it
        users = {dotted(name) for name, used in sources.items() if used & names} - names
        names |= users
    found |= LEDGER & set(tests) if file.startswith("theory/") else set()

    def costs(name: str) -> tuple:
        room = Path(name).parts[1]
        return (
            Path(file).stem not in Path(name).stem,
            CHEAP.index(room) if room in CHEAP else len(CHEAP),
            dotted(file) not in sources[name],
            name,
        )

    chosen = [name for name in found if Path(name).name.startswith("test_")]
    return [file, *sorted(chosen, key=costs)]


def dotted(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def pytest(root: Path, tests: list[str], seconds: float, *flags: str) -> tuple[str, list[str]]:
    """What became of a change, and the tests that failed."""
    command = [sys.executable, "-B", "-m", "pytest", "-q", "--tb=no", *flags, *tests]
    environment = os.environ | {"CI": "true"}  # Hypothesis draws the same examples every time
    with subprocess.Popen(command, cwd=root, env=environment, text=True, start_new_session=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:  # fmt: skip
        try:
            said, _ = run.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            return "timeout", []
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+?(?:\[.*?\])?)(?: - .*)?$", said, re.M)
    return "survived" if run.returncode in (0, 5) else "caught", failed


def judge(root: Path, mutation: Mutation, tests: list[str], seconds: float) -> dict[str, Any]:
    """What the tests say of one change: caught, survived, not covered or timeout."""
    path, started = root / mutation.file, time.monotonic()
    source = path.read_text("utf-8")

    def tried(change: Mutation) -> tuple[str, list[str]]:
        path.write_text(change.apply(source), "utf-8")
        try:
            return pytest(root, tests, seconds, "-x")
        finally:
            path.write_text(source, "utf-8")

    outcome, failed = tried(mutation)
    if outcome == "survived" and tried(mutation._replace(new=EXIT))[0] == "survived":
        outcome = "not covered"
    took = round(time.monotonic() - started, 1)
    return {**mutation._asdict(), "outcome": outcome, "by": failed[:1], "seconds": took}


def fails_without(root: Path, results: list[dict[str, Any]], seconds: float) -> set[str]:
    """Tests that caught a change, and fail without it too."""
    caught = {name for row in results for name in row["by"]}
    return set(pytest(root, sorted(caught), seconds)[1]) if caught else set()


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
    line = "{outcome}: {file}:{line}:{column}: {old} -> {new} {by}"
    with tempfile.TemporaryDirectory() as folder:
        copy(root, Path(folder))
        for mutation in drawn:
            if mutation not in results:
                tests = [] if given.whole else covering(root, mutation.file)
                results[mutation] = judge(Path(folder), mutation, tests, given.timeout)
                if given.out:
                    with given.out.open("a", encoding="utf-8") as out:
                        out.write(json.dumps(results[mutation]) + "\n")
            print(line.format(**results[mutation]), flush=True)
        found = [results[mutation] for mutation in drawn]
        broken = fails_without(Path(folder), found, given.timeout)
    for row in found:
        if broken & set(row["by"]):
            row["outcome"] = "fails without it"
            print(line.format(**row))
    outcomes = [row["outcome"] for row in found]
    print(*(f"{outcomes.count(name)} {name}" for name in dict.fromkeys(outcomes)), sep=", ")


if __name__ == "__main__":
    main()
