"""Every code block of README.md and docs/: programs run and print what is shown, commands exist.

`python` runs, page by page as in a notebook, and prints the `text` that follows it. `console` runs
and prints the lines below its command, where `...` stands for any; where a comment says that it is
`from` a run, `verify --check-readme` compares it. `sh` is parsed alone: its commands take minutes.
"""

import contextlib
import doctest
import functools
import importlib.util
import inspect
import io
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import collapse_sim
import theory.claims
from experiments.cli import COMMANDS, NAME

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
    if "_build" not in path.parts
}
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
COMMENT = re.compile(r"<!-- (\w+): (.+) -->\n+\Z")

LANGUAGES = {"python", "text", "console", "sh"}
OTHER_PROGRAMS = {"git", "cd", "pip", "uv", "source", "python", "gcloud"}
"""Programs that are not ours, in `sh`."""


class Block(NamedTuple):
    """A fenced block, and what the comment above it says: `from` or `needs` something."""

    place: str
    language: str
    text: str
    comment: tuple[str, ...]


def blocks(page: str, text: str) -> Iterator[Block]:
    for found in BLOCK.finditer(text):
        place = f"{page}:{text.count(chr(10), 0, found.start()) + 1}"
        comment = COMMENT.search(text[: found.start()])
        yield Block(place, found[1], found[2], comment.groups() if comment else ())


BLOCKS = {page: list(blocks(page, text)) for page, text in PAGES.items()}
RUN = [page for page, some in BLOCKS.items() if {"python", "console"} & {b.language for b in some}]
PARSED = [page for page, some in BLOCKS.items() if "sh" in {b.language for b in some}]


def test_every_block_is_of_a_kind_that_is_tested():
    """Text is the output of the program before it; directives of the site hold no code."""
    for some in BLOCKS.values():
        for before, block in zip([None, *some], some, strict=False):
            assert block.language in LANGUAGES or block.language.startswith("{"), block.place
            assert block.language != "text" or (before and before.language == "python"), block.place
    assert "README.md" in RUN and len(RUN) >= 7 and len(PARSED) >= 10


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning", "ignore::DeprecationWarning:ray")
@pytest.mark.parametrize("page", RUN)  # those are Ray's, where it is installed
def test_programs_and_commands_print_what_is_shown(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    own = theory.claims.ledger()  # a reader's claims are none of ours, when other tests count them
    monkeypatch.setattr(theory.claims, "_LEDGER", own)
    names: dict = {"__name__": __name__}
    some = BLOCKS[page]
    for block, after in zip(some, [*some[1:], None], strict=True):
        if block.language == "python" and is_there(block):
            shown = after.text if after and after.language == "text" else ""
            assert_prints(block, shown, printed(block, names))
        elif block.language == "console" and block.comment[:1] != ("from",):
            command, shown = joined(block.text).split("\n", 1)
            output, left = ran(command.removeprefix("$ "))
            shutil.copytree(left, tmp_path, dirs_exist_ok=True)
            assert_prints(block, shown, output)


def joined(text: str) -> str:
    """Lines that end with a backslash, and the next ones."""
    return re.sub(r"\\\n\s*", "", text)


def is_there(block: Block) -> bool:
    """False for a program that needs weights, or a package, which are not installed."""
    if block.comment[:1] != ("needs",):
        return True
    from collapse_sim.language.pretrained import smollm2

    return all(
        smollm2.find() is not None if name == smollm2.NAME else importlib.util.find_spec(name)
        for name in block.comment[1].split(", ")
    )


def printed(block: Block, names: dict) -> str:
    """Run a program; what it leaves in `names` is there for the next."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(block.text, block.place, "exec"), names)
    return output.getvalue()


@functools.cache
def ran(command: str) -> tuple[str, Path]:
    """Run a command of ours in a folder of its own; its output, and the folder."""
    program, name, *flags = shlex.split(command)
    assert program == NAME
    folder, output = Path(tempfile.mkdtemp()), io.StringIO()
    run = importlib.import_module(COMMANDS[name].module).command
    device = {"configure": lambda settings: None} if "configure" in signature(run) else {}
    with contextlib.chdir(folder), contextlib.redirect_stdout(output):
        assert run(flags, **device) == 0
    return output.getvalue(), folder


def signature(function) -> set[str]:
    return set(inspect.signature(function).parameters)


def assert_prints(block: Block, shown: str, output: str) -> None:
    says, so = ("\n".join(map(str.rstrip, text.splitlines())) + "\n" for text in (shown, output))
    agree = doctest.OutputChecker().check_output(says, so, doctest.ELLIPSIS)
    assert agree, f"{block.place} shows\n{says}\nbut printed is\n{so}"


def commands(page: str) -> Iterator[list[str]]:
    """Commands of a page, as a shell would split them."""
    for block in BLOCKS[page]:
        if block.language == "sh":
            for line in joined(block.text).splitlines():
                if words := shlex.split(line, comments=True):
                    yield words


@pytest.mark.parametrize("page", PARSED)
def test_commands_are_accepted(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in commands(page):
        parse(words)


@pytest.mark.parametrize(
    "command",
    [
        "collapse-sim bound --masks both",
        "collapse-sim bounds",
        "collapse-sim claims zhu2025.thm9",
        "collapse-sim model smollm3",
        "collapse-sim figures --only all",
        "python experiments/linear_bound.py --dims 2",
        "python experiments/linear.py",
        "make all",
        "sudo make bound",
    ],
)
def test_a_command_that_is_not_ours_is_found(command, capsys):
    with pytest.raises((AssertionError, SystemExit, ValueError, OSError)):
        parse(command.split())


def parse(words: list[str]) -> None:
    """Fails for a command that our programs do not accept; runs none."""
    while re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words = words[1:]
    if words[0] == "srun":  # starts what follows on every node
        words = words[1:]
    program, *rest = words
    if program == NAME:
        parse_ours(*rest)
    elif program == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{rest[0]}:", makefile, re.M), words
    elif program == "python" and rest[0].endswith(".py"):
        module = rest[0].removesuffix(".py").replace("/", ".")
        found = importlib.util.find_spec(module)
        assert found and str(found.origin).endswith(rest[0]), words
        names = [name for name, command in COMMANDS.items() if command.module == module]
        if names:
            parse_ours(names[0], *rest[1:])
    else:
        assert program in OTHER_PROGRAMS, words


def parse_ours(name: str, *rest: str) -> None:
    if name in ("--help", "--version"):
        return
    assert name in COMMANDS, name
    module = importlib.import_module(COMMANDS[name].module)
    if name == "claims":
        assert all(module.beginning_with(i, module.ledger().values()) for i in rest), rest
    elif name == "model":
        assert list(rest) == [module.smollm2.NAME]
    elif "--config" in rest:  # of a run that the reader has
        at = rest.index("--config")
        module.parse([*rest[:at], *rest[at + 2 :]])
    else:
        module.parse(rest)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)\)", BLOCK.sub("", PAGES[page])):
        if not re.match(r"\w+:", target):
            assert (ROOT / page).parent.joinpath(target).exists(), target


def test_every_page_is_in_the_contents():
    contents = re.findall(r"^[\w/-]+$", "".join(b.text for b in BLOCKS["docs/index.md"]), re.M)
    pages = {page.removeprefix("docs/").removesuffix(".md") for page in PAGES} - {"README", "index"}
    assert sorted(contents) == sorted(pages - {"README"})


def test_every_public_name_has_its_place_in_the_api():
    asked = " ".join(re.findall(r"<!-- names: (.+) -->", PAGES["docs/api.md"])).split()
    assert sorted(asked) == sorted({*collapse_sim.NAMES, *collapse_sim.MODULES})


def test_readme_is_one_page():
    assert PAGES["README.md"].count("\n") <= 150


def test_own_parts_take_at_most_ten_lines():
    programs = [b.text for b in BLOCKS["docs/tutorial/own-regime.md"] if b.language == "python"]
    assert len(programs) >= 3
    for program in programs:
        for body in re.findall(r"^class .*\n(?:(?: .*)?\n)*", program, re.M):
            assert len([line for line in body.splitlines() if line.strip()]) < 10
