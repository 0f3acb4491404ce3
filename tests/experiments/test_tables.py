"""Tables in people's files: read with the right values, or refused in one line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.linear.csv_table import read_csv
from experiments.linear.inputs import read_design, read_masks
from experiments.linear.tables import read_table

ROWS = "0.126,-0.132,0.64\n0.105,-0.536,0.362\n1.304,0.947,-0.704\n"
VALUES = [[0.126, -0.132, 0.64], [0.105, -0.536, 0.362], [1.304, 0.947, -0.704]]
WHOLE = "4,9,0\n7,2,3\n8,1,3\n"


def csv(tmp_path, text: str):
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode())
    return path


def indexed(rows: str, start: int = 0, header: str = ",a,b,c") -> str:
    lines = rows.splitlines()
    return "\n".join([header, *(f"{i},{line}" for i, line in enumerate(lines, start))])


NONE = ["f0", "f1", "f2"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (ROWS, NONE),
        ("\n" + ROWS, NONE),
        ("\n  \n" + ROWS + "\n\n", NONE),
        ("\ufeff" + ROWS, NONE),
        (ROWS.replace("\n", "\r\n"), NONE),
        (ROWS.replace("\n", "\r"), NONE),
        (ROWS.replace(",", " , "), NONE),
        ('"' + ROWS.replace(",", '","').strip().replace("\n", '"\n"') + '"', NONE),
        ("a,b,c\n" + ROWS, ["a", "b", "c"]),
        ("\ufeff\na,b,c\n\n" + ROWS, ["a", "b", "c"]),
        ('"a","b, in m","c ""d"""\n' + ROWS, ["a", "b, in m", 'c "d"']),
        ("# a,b,c\n" + ROWS, ["a", "b", "c"]),
        ("a,NA,c\n" + ROWS, ["a", "NA", "c"]),
        ("a,,c\n" + ROWS, ["a", "column 2", "c"]),
        ("0,1,2\n" + ROWS, ["0", "1", "2"]),
        ("2019,2020,2021\n" + ROWS, ["2019", "2020", "2021"]),
        ("target,0,1\n" + ROWS, ["target", "0", "1"]),
        ("x,2015,2020\n" + ROWS, ["x", "2015", "2020"]),
        (indexed(ROWS), ["a", "b", "c"]),
        (indexed(ROWS, 1, '"","a","b","c"'), ["a", "b", "c"]),
        (indexed(ROWS, 5, "Unnamed: 0,a,b,c"), ["a", "b", "c"]),
        (indexed(ROWS, 0, ",0,1,2"), ["0", "1", "2"]),
        (indexed(ROWS, 0, ",2015,2017,2020"), ["2015", "2017", "2020"]),
    ],
)
def test_a_table_is_its_numbers_whatever_stands_above_and_beside(text, names, tmp_path):
    table = read_table(csv(tmp_path, text), "--design")
    assert list(table.columns) == names
    np.testing.assert_array_equal(np.stack(list(table.columns.values()), 1), VALUES)
    assert table.header == (names != NONE)
    assert bool(table.left_out) == (text.strip('"')[0] in ",U" or text.startswith('""'))


@pytest.mark.parametrize(
    ("text", "header", "values"),
    [
        (WHOLE, None, [[4, 9, 0], [7, 2, 3], [8, 1, 3]]),
        ("1,0,0\n" + ROWS, None, [[1, 0, 0], *VALUES]),  # names differ from each other
        ("3,1\n0.5,2\n4,0.5\n", None, [[3, 1], [0.5, 2], [4, 0.5]]),
        ("5,6\n0.5,2\n4,0.5\n", None, [[5, 6], [0.5, 2], [4, 0.5]]),
        ("-1,0,1\n" + ROWS, None, [[-1, 0, 1], *VALUES]),
        ("0,1,2\n" + ROWS, False, [[0, 1, 2], *VALUES]),
        ("0,1,2\n" + WHOLE, False, [[0, 1, 2], [4, 9, 0], [7, 2, 3], [8, 1, 3]]),
        ("0,1,2\n" + WHOLE, True, [[4, 9, 0], [7, 2, 3], [8, 1, 3]]),
        (ROWS, True, VALUES[1:]),
        ("True,false\n0,1\n", None, [[1, 0], [0, 1]]),
        ("5\n7\n\n", None, [[5], [7]]),
        ("1e3,+.5\n-2E-3,7.\n", None, [[1000, 0.5], [-0.002, 7]]),
    ],
)
def test_whole_numbers_are_names_only_where_they_must_be(text, header, values, tmp_path):
    found = read_csv(csv(tmp_path, text), header)[1]
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0.126,,0.64\n" + ROWS, "line 1, column 2 is missing, accepted are tables without"),
        ("0.126,NA,0.64\n" + ROWS, r"line 1, column 2 is missing \(NA\)"),
        ("0.126,?,0.64\n" + ROWS, r"line 1, column 2 is missing \(\?\)"),
        (",5,3\n" + WHOLE, "line 1, column 1 is missing"),
        ("\n\n" + ROWS + "1,2,\n", "line 6, column 3 is missing, accepted"),
        ("a,b,c\n" + ROWS + "1,nan,2\n", r"line 5, column b is missing \(nan\)"),
        ("1\n\n2\n", "line 2, column 1 is missing"),
        ("0.126,x,0.64\n" + ROWS, r"line 1 \(0.126, x, 0.64\) holds names and numbers"),
        ("a,b,c\n1,2,x\n", "line 2, column c holds 'x', accepted are finite numbers"),
        ("a,b,c\n1,2,1_000\n", "line 2, column c holds '1_000'"),
        ("a,b,c\n1,2,inf\n", "line 2, column c holds 'inf'"),
        ("a,b,c\n1,2,1e999\n", "line 2, column c holds '1e999'"),
        ("a;b\n1;2\n", "line 2, column a;b holds '1;2', accepted are .* separated by commas"),
        (ROWS + "1,2\n", "line 4 has 2 cells, accepted are 3 as in line 1"),
        ("a,b,a\n" + ROWS, "names 2 columns a, accepted is one of each"),
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("a,b\n", "is empty below its header"),
        (",a\n0.5,1\n0.7,2\n", r"column 1 \(no name\) holds no row labels"),
        # names or numbers: only the user knows
        ("0,1,2\n" + WHOLE, r"line 1 \(0, 1, 2\) may be names or numbers: --header or --no-header"),
        ("2015,2017,2020\n" + ROWS, "may be names or numbers: --header or --no-header says which"),
        ("0\n0.5\n0.7\n", r"line 1 \(0\) may be names or numbers"),
        ("abc,3,5\n" + WHOLE, "may be names or numbers"),
    ],
)
def test_what_is_no_table_is_refused_by_line_and_column(text, says, tmp_path):
    with pytest.raises(ValueError, match=says) as refused:
        read_table(csv(tmp_path, text), "--design")
    assert str(refused.value).startswith(f"--design {tmp_path}") and "\n" not in str(refused.value)


@given(
    st.integers(1, 5).flatmap(
        lambda width: st.lists(
            st.lists(
                st.floats(allow_nan=False, allow_infinity=False), min_size=width, max_size=width
            ),
            min_size=1,
            max_size=6,
        )
    )
)
def test_floats_as_python_writes_them_come_back(tmp_path_factory, rows):
    text = "\n".join(",".join(map(repr, row)) for row in rows)
    path = csv(tmp_path_factory.mktemp("csv"), text)
    names, found = read_csv(path, None)
    assert names is None
    np.testing.assert_array_equal(found, np.array(rows))


def write_parquet(path, names, columns, index=()):
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(columns, names=names)
    if index:
        pandas = {"index_columns": list(index), "columns": [], "pandas_version": "2.2"}
        table = table.replace_schema_metadata({"pandas": json.dumps(pandas)})
    pq.write_table(table, path)
    return path


def test_parquet_leaves_out_the_index_and_keeps_every_number(tmp_path):
    rows = [[1, None], [2.5, 0.5], [True, False], [0, 1]]
    path = tmp_path / "x.parquet"
    write_parquet(path, ["a", "b", "__index_level_0__"], [[1, 2], [0.5, 4], [7, 3]])
    table = read_table(path, "--design")
    assert {name: list(v) for name, v in table.columns.items()} == {"a": [1, 2], "b": [0.5, 4]}
    assert str(table) == "2 rows, 2 columns, header (a, b), row labels left out (__index_level_0__)"
    write_parquet(path, ["a", "day"], [[1, 2], ["mon", "tue"]], index=["day"])
    assert list(read_table(path, "--design").columns) == ["a"]
    write_parquet(path, list("abcd"), rows)
    with pytest.raises(ValueError, match="column a is missing or not finite in row 1"):
        read_table(path, "--design")
    write_parquet(path, ["a", "b"], [[1, 2], ["x", "y"]])
    with pytest.raises(ValueError, match="column b holds string, accepted are numbers"):
        read_table(path, "--design")


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.array(3.0), r"has shape \(\), accepted is \(rows,\) or \(rows, columns\)"),
        (np.zeros((2, 2, 2)), r"has shape \(2, 2, 2\)"),
        (np.zeros((0, 2)), "accepted are non-empty arrays of numbers"),
        (np.array(["a"]), "accepted are non-empty arrays of numbers"),
        (np.array([[1.0], [np.nan]]), "column 0 is missing or not finite in row 1"),
        (np.array([None]), "cannot be read"),
    ],
)
@pytest.mark.parametrize("flag", ["--design", "--labels"])
def test_arrays_that_are_no_tables(array, says, flag, tmp_path):
    bad, good = tmp_path / "x.npy", tmp_path / "good.npy"
    np.save(bad, array)
    np.save(good, np.eye(3))
    files = (str(bad), None) if flag == "--design" else (str(good), str(bad))
    with pytest.raises(ValueError, match=says) as refused:
        read_design(*files)
    assert str(refused.value).startswith(f"{flag} {bad}")


def test_masks_without_dimensions(tmp_path):
    np.save(tmp_path / "m.npy", np.array(1))
    with pytest.raises(ValueError, match=r"has shape \(\), accepted are arrays of 0 and 1 of"):
        read_masks(str(tmp_path / "m.npy"), 3)


def test_labels_are_a_column_or_a_file_of_one(tmp_path):
    path = csv(tmp_path, indexed(ROWS))
    found = read_design(str(path), "b")
    assert found.labels is not None
    np.testing.assert_array_equal(found.labels, np.array(VALUES)[:, 1])
    np.testing.assert_array_equal(found.inputs, np.array(VALUES)[:, [0, 2]])
    assert found.note == (
        "x.csv: 3 rows, 3 columns, header (a, b, c), row labels left out; labels b"
    )
    other = tmp_path / "y.csv"
    other.write_text(",y\n0,1.5\n1,2.5\n2,0.5\n")
    found = read_design(str(path), str(other))
    np.testing.assert_array_equal(found.labels, [1.5, 2.5, 0.5])
    assert found.note.endswith("labels y.csv: 3 rows, 1 column, header (y), row labels left out")


@pytest.mark.parametrize(
    ("design", "labels", "says"),
    [
        ("a\n1\n2\n3\n", "a", "--labels a: is the only column of .*x.csv, accepted is one of sev"),
        ("a,b\n1,2\n", "c", r"--labels c: accepted are a file, or a column of .*x.csv \(a, b\)"),
        ("a,b\n1,2\n", "c.csv", "--labels c.csv: no such file"),
        ("a,b\n1,2\n", "x.csv", "--labels x.csv: has 2 columns, accepted is one"),
        ("a,b\n1,2\n", "y.csv", "--labels y.csv: has 3 rows, accepted are 1 as in x.csv"),
    ],
)
def test_labels_that_are_not_there(design, labels, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text(design)
    (tmp_path / "y.csv").write_text("y\n1\n2\n4\n")
    with pytest.raises(ValueError, match=says):
        read_design("x.csv", labels)
