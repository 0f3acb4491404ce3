"""Flags of `collapse-sim edit` and `score`. Nothing here imports JAX, so that --help is quick."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tyro

from collapse_sim.corpus.records import ReadOptions
from collapse_sim.language.pretrained.rule import EditRule, authors_script
from experiments import flag_help
from experiments.command_line import preset_of, require_in_range, require_seed
from experiments.ranges import Count, Positive

Flag = tyro.conf.FlagCreatePairsOff[bool]
Strategy = Literal[
    "revise-above", "revise-above-drop-below", "filter", "revise-below", "context-only"
]
Sampler = Literal["full", "top-k", "top-p", "rejection"]
Inputs = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="INPUT ...")]
Folder = Annotated[Path | None, tyro.conf.arg(metavar="DIR")]


@dataclass(frozen=True)
class Rule:
    """Which tokens are redrawn or deleted."""

    strategy: Strategy = "revise-above"
    """revise-above: redraw tokens of P >= threshold; revise-below: of P <= threshold; filter:
    delete those of P <= drop-below; context-only: redraw where the likeliest has P >= threshold."""
    threshold: float = 0.99
    """Probability of a token from which, or up to which, it is redrawn."""
    drop_below: float = 0.001
    """Probability up to which tokens are deleted, by the strategies that do so."""
    sampler: Sampler = "full"
    """Replacements: of the whole vocabulary, the likeliest, or any but the old token."""
    temperature: float = 1.0
    """Of replacements; above 1 they are more diverse than the model."""
    top_k: int = 8
    """Candidates of --sampler top-k."""
    top_p: float = 0.95
    """Probability of the candidates of --sampler top-p."""
    strict: Flag = False
    """Leave a token alone whose P is the threshold itself."""

    def made(self) -> EditRule:
        try:
            return EditRule(**asdict(self))
        except ValueError as error:
            raise ValueError(as_flag(str(error))) from None


@dataclass(frozen=True)
class Passes:
    """How often the text is edited, and what each pass reads."""

    passes: Count = 1
    """Times that the text is edited."""
    chained: Flag = False
    """Each pass edits the text of the one before (the default)."""
    anchored: Flag = False
    """Each pass edits the original text again."""
    prior: Literal["frozen", "latest"] = "frozen"
    """frozen: one model for all passes; one that learns between edits is `collapse-sim
    transformer`'s."""
    seed: int = 0
    """With the id of a document it decides all its random numbers."""
    perplexity_after: Flag = False
    """Score the edited text too, for --report: as long as a pass."""


@dataclass(frozen=True)
class Reading:
    """What a document is."""

    text_field: str = "text"
    """Field, or column, that holds the text; all others are carried through."""
    id_field: str = "id"
    """Field that names a document; without it, its file and number do."""
    unit: Literal["line", "article", "file"] = "line"
    """Document of a .txt or .md file: a line that is not blank, an article of WikiText (or what
    two blank lines end), or the file."""
    limit: Count | None = None
    """Most documents of each input file."""

    def made(self) -> ReadOptions:
        return ReadOptions(self.text_field, self.id_field, self.unit, self.limit)


@dataclass(frozen=True)
class Computing:
    """How the model reads."""

    batch_tokens: Count | None = None
    """Tokens that a device computes at once (4 windows, on accelerators 32)."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Of parameters and activations."""
    max_length: Count | None = None
    """Tokens of a window (512, or the model's context); longer documents are cut into windows."""
    overlap: Count | None = None
    """Least context of a token in a later window of its document (an eighth of a window)."""


@dataclass(frozen=True)
class Going:
    """Where the output goes, and how a run goes on."""

    out: Folder = None
    """Directory of the run."""
    resume: Flag = False
    """Go on with a run that was stopped or killed; no document is edited twice or lost."""
    workers: str = "1/1"
    """i/n: the i-th of n processes that share --out, each with every n-th input file."""


@dataclass(frozen=True)
class ScoreSettings:
    """Log-probability, tokens and perplexity of each document, written beside it as columns."""

    inputs: Inputs = ()
    """Files (.jsonl, .parquet, .txt, .md; also .gz, .zst) and folders of such files."""
    model: str | None = None
    """smollm2, a .gguf file, a folder with config.json, safetensors and tokenizer.json (RUN/model
    of `collapse-sim transformer` is one), or OWNER/NAME of Hugging Face's hub."""
    reading: Reading = Reading()
    computing: Computing = Computing()
    going: Going = Going()

    def validate(self) -> None:
        for flags in (self, self.reading, self.computing):
            require_in_range(flags)


@dataclass(frozen=True)
class EditSettings(ScoreSettings):
    """Edit the tokens of a corpus with a pretrained model: a file of output for each of input.

    --dry-run 200 shows first what an edit would do, --plan 1e9 what it would take, and --report DIR
    sums up a run.
    """

    preset: Literal["paper", "authors-script"] = "paper"
    """paper: as published; authors-script: temperature 1.5, P > threshold, deletion, top-k 8."""
    rule: Rule = Rule()
    passes: Passes = Passes()
    report: Folder = None
    """Sum up the run in this directory, with intervals and a figure; edits nothing."""
    dry_run: Count | None = None
    """Edit so many documents, and show every edit in the terminal and on a page in --out."""
    plan: Positive | None = None
    """Hours, cores and storage for so many tokens, from a short sample or from --throughput."""
    throughput: Positive | None = None
    """Tokens a second of one process, for --plan."""

    def validate(self) -> None:
        super().validate()
        self._require_one_task()
        self.rule.made()
        require_seed(self.passes.seed)
        require_in_range(self.passes)
        if self.passes.anchored and self.passes.chained:
            raise ValueError("--anchored beside --chained: accepted is one of the two")
        if self.passes.prior == "latest":
            raise ValueError(
                "--prior latest: is trained between passes, by `collapse-sim transformer`: "
                "accepted is frozen"
            )

    def _require_one_task(self) -> None:
        """Raises ValueError where flags beside each other ask for several things."""
        going = self.going
        tasks = {"--report": self.report, "--dry-run": self.dry_run, "--plan": self.plan}
        given = [flag for flag, value in tasks.items() if value is not None]
        others = {"--out": going.out, "--resume": going.resume}
        if self.report is not None:
            others = {"INPUT": self.inputs, "--model": self.model} | others
        elif self.dry_run is not None:
            others = {"--resume": going.resume}
        elif self.plan is None:
            others = {}
        given += [flag for flag, value in others.items() if value]
        if len(given) > 1:
            raise ValueError(f"{given[1]} beside {given[0]}: accepted is one of the two")
        if self.throughput is not None and self.plan is None:
            raise ValueError("--throughput: accepted is beside --plan")


SomeSettings = TypeVar("SomeSettings", bound=ScoreSettings)


def read_flags(kind: type[SomeSettings], arguments: Sequence[str]) -> SomeSettings:
    """Settings from the command line; flags override those of --preset."""
    default = kind()
    if isinstance(default, EditSettings) and preset_of(arguments, "paper") == "authors-script":
        script = authors_script()
        chosen = Rule(**{field.name: getattr(script, field.name) for field in fields(Rule)})
        default = replace(default, preset="authors-script", rule=chosen)
    settings = flag_help.read(kind, arguments, default=default, config=(tyro.conf.OmitArgPrefixes,))
    settings.validate()
    return settings


def parameters(settings: ScoreSettings) -> dict[str, Any]:
    """Flags that decide the bytes of a run."""
    found = {"model": settings.model, **asdict(settings.reading), **asdict(settings.computing)}
    if isinstance(settings, EditSettings):
        found |= asdict(settings.rule) | asdict(settings.passes)
        del found["chained"]
    return found


def as_flag(message: str) -> str:
    """A message that begins with an argument, its name as that of a flag."""
    name, _, rest = message.partition("=")
    return f"--{name.replace('_', '-')} {rest}"
