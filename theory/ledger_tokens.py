"""Ledger of token-level editing of text: what one context says about the published rule."""

from theory import token_rule
from theory.claims import Claim

_ZHU = "Zhu et al. 2025 (arXiv 2412.14689)"
_OWN = "theory/token_rule.py"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="zhu2025.preserve",
        source=f"{_ZHU}, the text's claim for equation 2",
        statement="edited text has the distribution of the human text, tail included: TV = 0",
        relation="==",
        formula=token_rule.preserved_total_variation,
        stated="p = 0.99",
        needed="a decision that looks at the context only, and replacements drawn from P",
        expected="violated: TV = a (1 - a) after one pass; low-drop deletes P <= 0.001",
    ),
    Claim(
        id="ref.token_tv_bound",
        source=f"derived for the rule of {_ZHU}, equation 2; not printed there",
        statement=r"$TV(q', q) \le 1 - p$",
        relation="<=",
        formula=token_rule.total_variation_bound,
        stated="-",
        needed=r"$\tilde P(y) \ge P(y)$ for eligible y: temperature 1, with or without truncation",
        expected="holds at temperature 1; violated by the published script's temperature 1.5",
    ),
    Claim(
        id="ref.token_tv",
        source=f"{_OWN}, total_variation_identity",
        statement=r"$TV(q', q) = \sum_{P(y) \ge p} (q(y) - q(P \ge p) \tilde P(y))_+$; for one "
        r"eligible token $q(y^*) (1 - \tilde P(y^*))$",
        relation="==",
        formula=token_rule.total_variation_identity,
        stated="-",
        needed="one context, any starting law and any replacement law",
        expected="holds",
    ),
    Claim(
        id="ref.token_iter",
        source=f"{_OWN}, top_mass",
        statement=r"mass of the top token after n passes: $a^{n+1}$",
        relation="==",
        formula=token_rule.top_mass,
        stated="-",
        needed=r"frozen prior, $\tilde P = P$, $q = P$, $a = P(y^*) \ge p > 1/2$",
        expected="holds",
    ),
    Claim(
        id="ref.token_iter_tail",
        source=f"{_OWN}, tail_factor",
        statement=r"mass of every other token after n passes: times $\frac{1 - a^{n+1}}{1 - a}$",
        relation="==",
        formula=token_rule.tail_factor,
        stated="-",
        needed=r"frozen prior, $\tilde P = P$, $q = P$, $a = P(y^*) \ge p > 1/2$",
        expected="holds: confident contexts gain entropy, 1 + a after one pass",
    ),
    Claim(
        id="ref.token_context",
        source=f"{_OWN}, context_rule_law",
        statement=r"editing whatever token stands, where $\max P \ge p$, keeps the law P",
        relation="==",
        formula=token_rule.context_rule_law,
        stated="-",
        needed=r"$\tilde P = P$, $q = P$",
        expected="holds",
    ),
)
