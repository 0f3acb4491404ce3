"""A user's own table: what is read of it, what is refused, and a run."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from collapse_sim.run_directory import RunDirectory
from experiments import curse_of_recursion
from experiments.recursion.settings import parse
from experiments.recursion.table import closed_forms
from experiments.recursion.table_columns import read_columns

TEXT = "town,a,b,c\nRome,1,2.5,7\nBonn,2,0.5,7\nGent,4,1.5,7\nOslo,8,9.5,7\nLima,9,3.5,7\n"


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(TEXT)
    return path


@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_chosen_columns_of_either_kind_of_file_are_what_was_written(data, tmp_path_factory):
    names = data.draw(st.lists(st.sampled_from("pqrstu"), min_size=2, max_size=5, unique=True))
    numbers = st.integers(-(10**6), 10**6).map(float)
    column = st.lists(numbers, min_size=8, max_size=8).filter(lambda own: len(set(own)) > 1)
    table = {name: data.draw(column) for name in names}
    chosen = tuple(data.draw(st.permutations(names)))[: data.draw(st.integers(1, len(names)))]
    folder = tmp_path_factory.mktemp("tables")
    words = {"word": ["x"] * 8}
    parquet.write_table(pa.table(words | table), folder / "t.parquet")
    lines = [["word", *names], *zip(words["word"], *table.values(), strict=True)]
    (folder / "t.csv").write_text("\n".join(",".join(map(str, line)) for line in lines))
    for file in ("t.csv", "t.parquet"):
        for given_as in (chosen, (",".join(chosen),)):
            found = read_columns(str(folder / file), given_as)
            assert found.names == chosen
            np.testing.assert_array_equal(found.table.T, [table[name] for name in chosen])


@pytest.mark.parametrize(
    ("text", "chosen", "message"),
    [
        (TEXT, (), "line 2, column town holds 'Rome', accepted are finite numbers separated by"),
        (TEXT, ("a,c",), "column c is constant (7), accepted are columns that vary; --columns"),
        (TEXT, ("a", "d"), "has no column 'd', accepted are town, a, b, c"),
        (TEXT, ("a,a",), "has column a chosen twice, accepted is once each"),
        (TEXT.replace("1.5", "NA"), ("a,b",), "line 4, column b is missing (NA), accepted are"),
        ("a,b\n1,2\n3,5\n", (), "has 2 rows for 2 columns (a to b), accepted are 4 or more"),
        ("a\n1.5\n3\n", (), "has 2 rows for column a, accepted are 3 or more"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line_that_names_the_column(
    text, chosen, message, csv
):
    csv.write_text(text)
    with pytest.raises(ValueError) as refused:
        read_columns(str(csv), chosen)
    said = str(refused.value)
    assert said.startswith(f"--data {csv}: ") and message in said and "\n" not in said


def test_text_in_a_parquet_file_is_refused_and_another_column_can_be_chosen(tmp_path):
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"town": ["Rome"] * 4, "a": [1.0, 2, 3, None]}), path)
    with pytest.raises(ValueError, match="column town holds string, accepted are numbers; --col"):
        read_columns(str(path))
    with pytest.raises(ValueError, match="column a is missing or not finite in row 3, counted"):
        read_columns(str(path), ("a",))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--data", "t.csv", "--family", "kde"], "--data t.csv: accepted without --family kde"),
        (["--family", "table"], "--family table: accepted with --data FILE"),
        (["--columns", "a"], "accepted with --data FILE"),
    ],
)
def test_flags_that_do_not_fit_are_refused(flags, message):
    with pytest.raises(ValueError, match=message):
        parse(flags)


def test_the_command_tells_tails_and_correlations_by_generation(csv, tmp_path, capfd):
    flags = ["--data", str(csv), "--columns", "a,b", "--regimes", "replace", "--generations", "3"]
    folder = tmp_path / "run"
    flags += ["--replicates", "16", "--out", str(folder)]
    assert curse_of_recursion.command(flags, configure=lambda settings: None) == 0
    run = RunDirectory(folder)
    assert run.is_finished() and (folder / "figure.png").is_file()
    assert run.config()["data"]["columns"] == ["a", "b"]
    assert f"--data {csv}" in run.config()["inputs"]
    said = capfd.readouterr().out
    assert "replace, Gaussian: tails and correlations by generation" in " ".join(said.split())
    assert "correlation a, b" in said and "tails b" in said
    tables = said.partition(str(folder))[0].splitlines()[1:]
    assert max(map(len, tables)) <= 80
    chains = run.chains()
    mine = (chains["variant"] == "copula") & (chains["measure"] == "variance")
    # 5 rows, all of them in every chain: (4/5)^(n-1).
    np.testing.assert_allclose(chains["predicted"][mine], [1, 0.8, 0.64], rtol=1e-12)


def test_closed_forms_are_shares_of_the_tables_variance():
    accumulated = closed_forms("copula", "accumulate", 5, 5)["variance"]
    # (1 - 1/5) (1 - 1/(5 * 4)) of 5/4.
    np.testing.assert_allclose(accumulated(generation=2), 0.95, rtol=1e-12)
    assert closed_forms("gaussian", "replace", 5, 4)["variance"](generation=9) == 1.25
    assert closed_forms("gaussian", "edit", 5, 4) == {}
