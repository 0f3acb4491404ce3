"""The page of verify in headless Chromium: it sorts, filters, opens, and can be read by everyone.

Skipped where Chromium is absent, or what drives it.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from collapse_sim.verdict import Verdict
from experiments.verification.history import PastRun, this_run
from experiments.verification.outcomes import decisions
from experiments.verification.page import page as page_of
from theory import ledger

HOW = "as in pip install 'collapse-sim[browser]'"
api = pytest.importorskip("playwright.sync_api", reason=f"needs playwright, {HOW}")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=f"needs axe, {HOW}")

NAMES = "chromium", "chromium-browser", "google-chrome"
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=f"needs a browser: {', '.join(NAMES)}")

WIDTHS = {"desktop": 1280, "phone": 390}
SCHEMES = "light", "dark"
FOCUSABLE = "a[href], button, input, select, summary"

BASE = Verdict(
    claim="zhu2025.thm2a", source="a paper", parameters={"process": "edit halves"}, generation=3,
    relation="<=", predicted=2.0, observed=2.6, interval=[2.5, 2.7], confidence=0.999,
    verdict="violated", note="a note",
)  # fmt: skip
HELD = replace(
    BASE, claim="ref.edit_B", relation="==", interval=[1.99, 2.01], tolerance=0.01, within=0.005,
    control=True, verdict="holds",
)  # fmt: skip
VERDICTS = [
    BASE,
    replace(BASE, parameters={"process": "edit nested"}, interval=[3.4, 3.6]),
    HELD,
    replace(HELD, claim="shum2024.var", parameters={"process": "replace", "family": "gaussian"}),
    replace(HELD, claim="ref.replace_law", relation="~", predicted=0.0, interval=[0.0, 0.02]),
    replace(HELD, claim="shum2024.kept_human", relation=">=", predicted=0.0, interval=[0.1, 0.2]),
    replace(BASE, claim="zhu2025.thm2b", verdict="vacuous", predicted=float("inf")),
    replace(
        BASE, claim="zhu2025.eq16", verdict="assumption not met", predicted=None, interval=None
    ),
    replace(BASE, claim="ref.w2", verdict="undecided", interval=[1.0, 2.7]),
    replace(HELD, claim="bertrand2024.stab"),
    replace(BASE, claim="bertrand2024.stab", verdict="vacuous"),
]
FEW = sorted({verdict.claim for verdict in VERDICTS} | {"ref.golden_identity", "ref.conf_free"})


def html(names: list[str]) -> str:
    claims = [ledger()[name] for name in names]
    certified = {c.id: True for c in claims if c.decided == "exact"}
    found = decisions(claims, VERDICTS, certified, {c.id for c in claims})
    now = this_run({"started": "2026-02-01", "version": "1"}, "collapse-sim verify", found)
    return page_of(found, now, [PastRun("2026-01-01", "0", "", {"ref.w2": ["holds"]})])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Addresses of a page of a few claims, and of one of the whole ledger."""
    folder = tmp_path_factory.mktemp("pages")
    for name, names in {"few": FEW, "all": list(ledger())}.items():
        (folder / f"{name}.html").write_text(html(names), encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in ("few", "all")}


@pytest.fixture(scope="module")
def browser():
    flags = ["--disable-dev-shm-usage", "--disable-gpu"]
    flags += ["--no-sandbox"] if os.geteuid() == 0 else []
    with api.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def view(browser) -> Iterator:
    """A page without a network; an error in its console, or a request, fails the test."""
    context = browser.new_context(viewport={"width": WIDTHS["desktop"], "height": 900})
    context.set_default_timeout(120_000)  # of a busy machine
    shown, said, asked = context.new_page(), [], []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.on("request", lambda request: asked.append(request.url))
    yield shown
    context.close()
    assert said == [] and all(url.startswith(("file:", "data:")) for url in asked)


def visible(view) -> list[str]:
    return view.evaluate(
        "rows.length && [...claims.children].filter(r => !r.hidden).map(r => r.id)"
    )


def test_the_first_screen_answers_and_counts(view, files):
    view.goto(files["all"])
    first = view.locator(".questions").inner_text()
    assert "Not where the latest model writes the edits" in first
    assert "a tenth of the human data" in first and "Not decided in this run." in first
    numbers = [int(text) for text in view.locator(".tally b").all_inner_texts()]
    assert sum(numbers) == len(ledger()) == view.locator("#claims > details").count()
    box = view.locator(".tally").bounding_box()
    assert box["y"] + box["height"] < 900


@pytest.mark.parametrize("order", ["id", "paper", "family", "verdict"])
def test_it_sorts(view, files, order):
    view.goto(files["all"])
    view.select_option("#order", "verdict")
    view.select_option("#order", order)
    name = {"id": "id", "verdict": "dataset.order"}.get(order, f"dataset.{order}")
    keys = view.evaluate(f"[...claims.children].map(row => row.{name})")
    as_sorted = {"verdict": lambda key: int(key)}.get(order, str.lower)
    known = [as_sorted(key) for key in keys]
    assert known[0] <= known[len(known) // 2] <= known[-1]
    groups = [key for i, key in enumerate(keys) if i == 0 or keys[i - 1] != key]
    assert len(groups) == len(set(keys)) and len(keys) == len(ledger())


def test_it_filters_by_words_paper_family_and_verdict(view, files):
    view.goto(files["all"])
    view.fill("#words", "Zhu arXiv bound")
    assert "zhu2025.thm2a" in visible(view) and "ref.w2" not in visible(view)
    assert view.inner_text("#shown") == f"{len(visible(view))} of {len(ledger())} claims"
    view.select_option("#verdict", "violated")
    assert visible(view) == ["zhu2025.thm2a"]
    view.select_option("#family", "gaussian")
    assert visible(view) == [] and view.inner_text("#shown").startswith("no claim")
    view.click("#all")
    assert len(visible(view)) == len(ledger())
    view.select_option("#paper", "Zhu et al. 2025")
    assert visible(view) == [name for name in ledger() if name.startswith("zhu2025.")]
    view.click("#all")
    view.select_option("#family", "token editing")
    assert {"zhu2025.thm2a", "ref.edit_B"} <= set(visible(view)) < set(ledger())


def test_a_count_filters_by_its_verdict(view, files):
    view.goto(files["few"])
    for button in view.locator(".tally button").all():
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        assert int(button.locator("b").inner_text()) == len(visible(view))
    button.click()
    assert button.get_attribute("aria-pressed") == "false" and len(visible(view)) == len(FEW)


def test_it_opens_by_a_link(view, files):
    view.goto(f"{files['all']}#zhu2025.thm2a")
    opened = view.locator("details[open]")
    assert [row.get_attribute("id") for row in opened.all()] == ["zhu2025.thm2a"]
    assert opened.bounding_box()["y"] < 900
    assert view.locator("#zhu2025\\.thm2a math").first.is_visible()
    assert view.locator("#zhu2025\\.thm2a svg").count() == 2
    view.select_option("#verdict", "cited")
    view.locator(".questions a", has_text="shum2024.kept_human").click()
    row = view.locator("#shum2024\\.kept_human")
    assert row.get_attribute("open") is not None and row.is_visible()
    assert view.evaluate("document.activeElement.parentElement.id") == "shum2024.kept_human"


def test_the_keyboard_reaches_everything_in_order(view, files):
    view.goto(files["few"])
    view.evaluate("for (const row of claims.children) row.open = true")
    view.evaluate(
        f"every = [...document.querySelectorAll('{FOCUSABLE}')].filter(e => e.checkVisibility())"
    )
    reached = []
    for _ in range(view.evaluate("every.length")):
        view.keyboard.press("Tab")
        reached.append(view.evaluate("every.indexOf(document.activeElement)"))
    assert len(reached) > 40 and reached == list(range(len(reached)))
    view.focus("#ref\\.w2 > summary")
    view.keyboard.press("Enter")
    assert view.locator("#ref\\.w2").get_attribute("open") is None
    for key, count in (("Enter", len(FEW)), ("Space", 0)):  # all, as one is closed; then none
        view.focus("#unfold")
        view.keyboard.press(key)
        assert view.locator("#claims > details[open]").count() == count


@pytest.mark.parametrize(
    ("name", "width", "scheme"), [*product(["few"], WIDTHS, SCHEMES), ("all", "phone", "light")]
)
def test_axe_finds_nothing_and_nothing_is_cut_off(view, files, name, width, scheme):
    """Of a few claims all are open."""
    view.emulate_media(color_scheme=scheme)
    view.set_viewport_size({"width": WIDTHS[width], "height": 900})
    view.goto(files[name])
    if name == "few":
        view.click("#unfold")
        view.click(".meanings summary")
    assert view.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]
    found = axe.Axe().run(view)
    assert found.violations_count == 0, found.generate_report()


def test_axe_would_find_words_too_pale_to_read(view, files):
    view.goto(files["few"])
    view.add_style_tag(content=".questions p { color: #bbb }")
    found = axe.Axe().run(view).response["violations"]
    assert [violation["id"] for violation in found] == ["color-contrast"]


def test_it_prints_dark_on_light_and_without_its_filters(view, files):
    view.emulate_media(color_scheme="dark", media="print")
    view.goto(f"{files['few']}#ref.edit_B")
    colour = "getComputedStyle(document.body)"
    assert view.evaluate(f"{colour}.backgroundColor") == "rgb(255, 255, 255)"
    assert view.evaluate(f"{colour}.color") == "rgb(27, 27, 27)"
    assert not view.locator("#filter").is_visible()
    assert view.locator("#ref\\.edit_B svg").is_visible()
    assert view.evaluate("document.documentElement.scrollWidth") <= WIDTHS["desktop"]
