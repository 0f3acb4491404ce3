r"""The ledger: one record per published or derived result, standing on the formula it is about.

    @claim(
        "kazdan2025.gauss_acc", "Kazdan et al. 2025", relation="==", given={"unbiased": False},
        says=r"accumulate: $E \Sigma_n = \prod_{k \le n} (1 - \frac1{Mk^2})$",
        needed="maximum likelihood, any dimension",
    )
    def accumulate_variance(*, samples, generation, unbiased=True): ...

A formula may carry several claims. What a record says of how it is decided:

- `check`: by simulation, a check of some experiment names it;
- `exact`: by exact arithmetic, a function marked with `@certificate` of its id;
- `cited`: by nothing here, for the reason given.

Whose statement it is says its `provenance`.
"""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args

Relation = Literal["==", "<=", ">=", "->", "~", "assumption"]
"""`->`: a limit; `~`: the formula is a whole law, as a distribution function."""

Decided = Literal["check", "exact", "cited"]

Provenance = Literal["read", "recalled", "derived"]
"""`read`: in the source's own text, abstract, reviews or code; `recalled`: published, but its
wording was not at hand; `derived`: proved here, be it as a form of a published result."""

Formula = TypeVar("Formula", bound=Callable[..., Any])

_LEDGER: dict[str, "Claim"] = {}
_CERTIFICATES: dict[str, Callable[[], bool]] = {}


@dataclass(frozen=True, eq=False)
class Claim:
    """Statement that a simulation can compare with its formula.

    `predict` hands the formula those arguments that it names; `given` are arguments that the claim
    fixes. `order` is "leading" when the statement is true only as dim/samples -> 0, so that a
    finite simulation must be extrapolated before it can be compared.
    """

    id: str
    source: str
    relation: Relation
    formula: Callable[..., Any]
    says: str = "-"
    stated: str = "-"
    """Assumptions as printed."""
    needed: str = "-"
    """Assumptions actually needed."""
    expected: str = "-"
    """Finding of this project in one line."""
    given: Mapping[str, Any] = field(default_factory=dict)
    order: Literal["exact", "leading"] = "exact"
    kind: Literal["theorem", "trend"] = "theorem"
    """Kind of claim: `theorem` has a formula, published or derived; `trend` was only ever
    measured."""
    provenance: Provenance = "derived"
    """Provenance of the statement that is decided."""
    attained: bool = False
    """True if a bound is reached: no simulation can show then that it is never exceeded."""
    decided: Decided = "check"
    reason: str = ""
    """Reason why nothing decides a claim that is only cited."""

    def __post_init__(self) -> None:
        words = {"relation": Relation, "decided": Decided, "provenance": Provenance}
        for name, accepted in ((name, get_args(kind)) for name, kind in words.items()):
            value = getattr(self, name)
            if value not in accepted:
                raise ValueError(f"{name}={value!r} of {self.id}: accepted are {accepted}")
        if bool(self.reason) != (self.decided == "cited"):
            raise ValueError(
                f"reason={self.reason!r} of {self.id}: accepted is one line with "
                "decided='cited', and none otherwise"
            )
        unknown = [name for name in self.given if name not in self.arguments]
        if unknown:
            raise ValueError(
                f"given={dict(self.given)} of {self.id}: accepted are arguments of its formula, "
                f"{list(self.arguments)}"
            )

    @property
    def arguments(self) -> Mapping[str, inspect.Parameter]:
        """Parameters of the formula."""
        return inspect.signature(self.formula).parameters

    @property
    def certificate(self) -> Callable[[], bool] | None:
        """The function that decides the claim by exact arithmetic, if there is one."""
        return _CERTIFICATES.get(self.id)

    @property
    def tolerance(self) -> float:
        """Relative distance from the formula at which the claim still holds."""
        return 0.01 if self.order == "exact" else 0.02

    @property
    def control(self) -> float:
        """Relative error of the formula in the negative control, which must not hold."""
        return 0.02 if self.order == "exact" else 0.05

    def predict(self, parameters: Mapping[str, Any]) -> Any:
        """Evaluate the formula on the parameters it names; raises KeyError if one is missing."""
        known = {**parameters, **self.given}
        missing = [
            name
            for name, argument in self.arguments.items()
            if argument.default is inspect.Parameter.empty and name not in known
        ]
        if missing:
            raise KeyError(f"claim {self.id} needs parameters {missing}")
        return self.formula(**{name: known[name] for name in self.arguments if name in known})


def claim(
    id: str, source: str, *, relation: Relation, says: str = "-", **record: Any
) -> Callable[[Formula], Formula]:
    """Decorate a formula with a claim about it; other fields are those of `Claim`.

    The formula is returned as it is. Raises ValueError for an id that stands elsewhere; a cell of
    a notebook may be run again.
    """

    def register(formula: Formula) -> Formula:
        new = Claim(id, source, relation, formula, says, **record)
        known = _LEDGER.get(id)
        if known is not None and (known.formula is formula or _place(known) != _place(new)):
            raise ValueError(f"claim {id} stands twice: on {_place(known)} and {_place(new)}")
        _LEDGER[id] = new
        return formula

    return register


def certificate(id: str) -> Callable[[Formula], Formula]:
    """Mark a function of no argument that decides a claim exactly: True where it holds."""

    def register(function: Formula) -> Formula:
        known = _CERTIFICATES.get(id)
        if known is not None and known.__qualname__ != function.__qualname__:
            raise ValueError(f"certificate of {id} stands twice: {known.__qualname__}")
        _CERTIFICATES[id] = function
        return function

    return register


def ledger() -> dict[str, Claim]:
    """Claims by id: the ones of `theory` and of any other module that made some."""
    _import_every_module()
    return dict(sorted(_LEDGER.items()))


@functools.cache
def _import_every_module() -> None:
    import theory

    for module in pkgutil.walk_packages(theory.__path__, "theory."):
        importlib.import_module(module.name)


def _place(record: Claim) -> str:
    formula = record.formula
    return f"{formula.__module__}.{getattr(formula, '__qualname__', repr(formula))}"
