"""What `init` says where a file is not as it should be, and that what it writes always runs."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from llmops_audit.audit import prepare, run
from llmops_audit.cli.commands import app
from llmops_audit.cli.init import minima, sampled_files, starter
from llmops_audit.errors import AuditError

SMS = [
    f"{'spam' if i % 3 == 0 else 'ham'}\t{'win a prize now' if i % 3 == 0 else 'see you there'} {i}" for i in range(60)
]


def _spec(folder: Path, *data: str, fit: bool = False, columns: list[str] | None = None) -> dict[str, Any]:
    starter(data, folder / "audit.toml", fit=fit, columns=columns)
    return tomllib.loads((folder / "audit.toml").read_text(encoding="utf-8"))


def _refused(folder: Path, *data: str) -> str:
    with pytest.raises(AuditError) as caught:
        starter(data, folder / "audit.toml")
    assert not (folder / "audit.toml").exists()
    return str(caught.value)


def _file(path: Path, *lines: str, encoding: str = "utf-8") -> str:
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return str(path)


def test_a_file_without_a_header_is_refused_with_a_way_on(tmp_path: Path) -> None:
    """No cell is shown, and with `--columns` the spec says what the columns are called."""
    data = _file(tmp_path / "sms.tsv", *SMS)
    said = _refused(tmp_path, data)
    assert "has no header" in said
    assert "name the 2 columns, such as --columns label,text" in said
    assert "ham" not in said
    spec = _spec(tmp_path, data, columns=["label", "text"])
    assert spec["data"]["column_names"] == ["label", "text"]
    assert spec["data"]["positive"] == "spam"


@pytest.mark.parametrize(
    "lines",
    [
        [f"{i},{i * 7 % 5},{i % 2}" for i in range(30)],
        [f"{i}, Private, {('Male', 'Female')[i % 2]}, {('<=50K', '>50K')[i // 2 % 2]}" for i in range(30)],
        ["anna.schmidt@example.org,yes", *(f"p{i}@example.org,{('yes', 'no')[i % 2]}" for i in range(30))],
    ],
)
def test_a_first_row_is_no_header(tmp_path: Path, lines: list[str]) -> None:
    """Numbers, values that come again, and personal data are no names of columns."""
    assert "has no header" in _refused(tmp_path, _file(tmp_path / "rows.csv", *lines))


@pytest.mark.parametrize("header", ["spam,text", "0,1,label"])
def test_a_header_is_no_first_row(tmp_path: Path, header: str) -> None:
    """A label called as one of its values, and columns that are numbered, are names."""
    rows = [f"{('spam', 'ham')[i % 2]},some words of row {i}" for i in range(40)]
    if header.startswith("0"):
        rows = [f"{i % 3},{i % 7}.5,{('a', 'b')[i % 2]}" for i in range(40)]
    assert _spec(tmp_path, _file(tmp_path / "rows.csv", header, *rows))["data"]["label"] in ("spam", "label")


def test_a_label_with_missing_values_is_refused(tmp_path: Path) -> None:
    """Where the column that is called the label lacks values, no other column takes its place."""
    rows = [f"words of row {i},{'ab'[i % 2] if i % 9 else ''},{'FM'[i % 2]}" for i in range(90)]
    said = _refused(tmp_path, _file(tmp_path / "rows.csv", "text,label,kind", *rows))
    assert "column 'label': looks like the label, and is missing in 10 of 90 rows" in said
    assert "live=FILE" in said


def test_a_file_without_a_label_is_refused(tmp_path: Path) -> None:
    """Where no column has few values, none is taken for the label."""
    rows = [f"words of row {i},{i * 1.5}" for i in range(90)]
    assert "no column that could be the label" in _refused(tmp_path, _file(tmp_path / "rows.csv", "text,size", *rows))


def test_a_file_with_a_label_alone_is_refused(tmp_path: Path) -> None:
    """A classifier that is trained here needs something to learn from."""
    rows = [f"{i},{i % 2}" for i in range(90)]
    assert "could learn from" in _refused(tmp_path, _file(tmp_path / "rows.csv", "id,label", *rows))


def test_a_spec_that_would_not_run_is_not_written(tmp_path: Path) -> None:
    """A label with a single row cannot be split: what an audit would say is said at once."""
    rows = [f"{i * 1.5},{'c' if i == 5 else 'ab'[i % 2]}" for i in range(50)]
    assert "a label has a single row" in _refused(tmp_path, _file(tmp_path / "rows.csv", "size,label", *rows))


def test_two_splits_of_the_same_bytes_are_refused(tmp_path: Path) -> None:
    """What an audit would stop at once its files were read is found here as well."""
    rows = [f"{i * 1.5},{'ab'[i % 2]}" for i in range(50)]
    files = [_file(tmp_path / name, "size,label", *rows) for name in ("train.csv", "test.csv")]
    assert "two splits hold the same bytes" in _refused(tmp_path, *files)


def test_a_label_of_fractions_is_refused(tmp_path: Path) -> None:
    """Where the column that is called the label holds fractions, no other column takes its place."""
    rows = [f"{i * 1.5},{'xyz'[i % 3]},{('1.1', '1.10', '1.2')[i % 3]}" for i in range(90)]
    assert "holds fractions" in _refused(tmp_path, _file(tmp_path / "rows.csv", "size,kind,label", *rows))


def test_a_group_whose_values_stay_texts_is_read(tmp_path: Path) -> None:
    """Two spellings of one value in a column make the trial read anew, as an audit does."""
    rows = [f"{i * 1.5},{('1', '1.0', '2')[i % 3]},{'ab'[i % 2]}" for i in range(120)]
    spec = _spec(tmp_path, _file(tmp_path / "rows.csv", "size,race,label", *rows))
    assert spec["data"]["groups"] == ["race"]


def test_files_that_could_be_any_split_are_named_by_the_user(tmp_path: Path) -> None:
    """Two files without a telling name are refused; `train=` and `test=` name them, several files a split."""
    rows = [f"{i * 1.5},{'ab'[i % 2]}" for i in range(50)]
    files = [_file(tmp_path / f"{name}.csv", "size,label", *rows[:-i]) for i, name in enumerate("xyz", 1)]
    assert "could be any split; expected `train=FILE`" in _refused(tmp_path, *files)
    spec = _spec(tmp_path, f"train={files[0]}", f"train={files[1]}", f"test={files[2]}")
    assert spec["data"]["train"] == ["x.csv", "y.csv"]
    assert spec["data"]["test"] == "z.csv"


def test_the_encoding_is_guessed_and_said(tmp_path: Path) -> None:
    """Files of Chinese and of German spreadsheets are read, and the spec names their encoding."""
    rows = [f"{'很好' if i % 2 else '不好'}的商品和物流服务{'真的' * (i % 3)},{i % 2}" for i in range(60)]
    path = _file(tmp_path / "gb.csv", "评论,标签", *rows, encoding="gb18030")
    assert _spec(tmp_path, path)["data"]["encoding"] == "gb18030"
    rows = [f"{'schön und günstig' if i % 2 else 'übel und zu spät'} {i};{i % 2}" for i in range(60)]
    path = _file(tmp_path / "de.csv", "Text;Etikett", *rows, encoding="cp1252")
    (tmp_path / "audit.toml").unlink()
    assert _spec(tmp_path, path)["data"]["encoding"] == "cp1252"


def test_a_remark_above_the_rows_is_skipped(tmp_path: Path) -> None:
    """A first line of other fields than all others is no header, and the spec says how many lines to skip."""
    rows = [f"{i * 7 % 50},{i * 3 % 40},{('yes', 'no')[i % 2]}" for i in range(40)]
    assert _spec(tmp_path, _file(tmp_path / "t.csv", "|1x3 remark", "a,b,label", *rows))["data"]["skip_rows"] == 1


def test_json_is_refused_with_a_way_on(tmp_path: Path) -> None:
    """A JSON document is not read as odd rows."""
    assert "JSON Lines" in _refused(
        tmp_path, _file(tmp_path / "t.json", '[{"text": "a", "label": 1},', '{"text": "b"}]')
    )


def test_answers_in_parentheses_are_no_lists(tmp_path: Path) -> None:
    """Labels such as (A) and (B) are labels."""
    rows = [f"{('(A)', '(B)')[i // 2 % 2]},{('(A)', '(B)')[i % 2]}" for i in range(40)]
    spec = _spec(tmp_path, _file(tmp_path / "t.csv", "prediction,target", *rows))
    assert (spec["data"]["label"], spec["model"]["predictions"]) == ("target", "prediction")


def test_nothing_stays_behind_where_it_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped while it trains, or as it writes, it leaves neither a spec nor a part of one, nor the tutorial's data."""

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    rows = [f"{i * 1.5},{'ab'[i % 2]}" for i in range(50)]
    data = _file(tmp_path / "rows.csv", "size,label", *rows)
    for patched in ((minima, "_cross_validated"), (Path, "replace")):
        with monkeypatch.context() as patch:
            patch.setattr(*patched, stopped)
            for files in ([data], []):
                with pytest.raises(KeyboardInterrupt):
                    starter(files, tmp_path / "audit.toml")
        assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_outputs_that_are_partly_labels_are_counted(tmp_path: Path) -> None:
    """The way that reads most outputs is written, and how many it reads is said."""
    said = ["Yes.", "No.", "I cannot tell from this.", "yes"]
    rows = [f"question of row {i},{('yes', 'no')[i // 3 % 2]},{said[i % 4]}" for i in range(80)]
    started = starter([_file(tmp_path / "t.csv", "question,gold,output", *rows)], tmp_path / "audit.toml")
    assert "Of 80 saved outputs 60 become a label by [model.output]; the others are wrong." in started.notes


def test_quotes_that_are_characters_swallow_no_rows(tmp_path: Path) -> None:
    """Where a cell begins with a quote that nothing closes in its line, quotes are read as characters."""
    rows = [f"{'ham' if i % 2 else 'spam'}\t{chr(34) if i in (7, 30) else ''}words of row {i}" for i in range(60)]
    assert _spec(tmp_path, _file(tmp_path / "sms.tsv", "label\ttext", *rows))["data"]["quote"] is False


def test_a_long_file_is_sampled_over_its_whole_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more rows than the bound a sample of all is looked at, and the spec says so."""
    monkeypatch.setattr(sampled_files, "MOST_ROWS", 100)
    rows = [f"words of row {i},{int(i >= 700)}" for i in range(1000)]
    path = _file(tmp_path / "sorted.csv", "text,label", *rows)
    started = starter([path], tmp_path / "audit.toml", fit=False)
    assert "sorted.csv: 100 of its 1,000 rows were looked at, a random sample." in started.notes
    assert 'label = "label"' in (tmp_path / "audit.toml").read_text(encoding="utf-8")


def test_long_lists_are_wrapped(tmp_path: Path) -> None:
    """No line of a spec with many columns is longer than a screen is wide."""
    frame = pd.DataFrame({f"measure_{i}": [j * (i + 1) % 97 + 0.5 for j in range(60)] for i in range(60)})
    frame["label"] = [i % 2 for i in range(60)]
    frame.to_csv(tmp_path / "wide.csv", index=False)
    assert len(_spec(tmp_path, str(tmp_path / "wide.csv"))["data"]["features"]) == 60
    text = (tmp_path / "audit.toml").read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 120


def test_minima_come_from_training_rows_alone(tmp_path: Path) -> None:
    """The proposal is a comment, and stays the same whatever the test rows hold."""
    found = []
    for turned in (False, True):
        folder = tmp_path / str(turned)
        folder.mkdir()
        chance = random.Random(3)
        for name in ("train", "test"):
            rows = []
            for _ in range(200):
                size = chance.random()
                label = int(size + chance.gauss(0, 0.2) > 0.5)
                rows.append(f"{size:.4f},{1 - label if turned and name == 'test' else label}")
            _file(folder / f"{name}.csv", "size,label", *rows)
        spec = _spec(folder, str(folder / "train.csv"), str(folder / "test.csv"), fit=True)
        assert spec["checks"]["accuracy"] == {}
        text = (folder / "audit.toml").read_text(encoding="utf-8")
        found.append(next(line for line in text.splitlines() if line.startswith("# min = ")))
    assert found[0] == found[1]
    assert found[0].startswith("# min = { accuracy = 0.")


def test_without_fitting_there_is_no_proposal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--no-fit` trains nothing; saved predictions have no proposal either."""
    monkeypatch.setattr(minima, "_cross_validated", lambda *_: pytest.fail("trained"))
    rows = [f"{i * 1.5},{'ab'[i % 2]},{'ab'[i // 2 % 2]}" for i in range(50)]
    path = _file(tmp_path / "rows.csv", "size,label,other", *rows)
    done = CliRunner().invoke(app, ["init", "--from", path, "--no-fit", "--output", str(tmp_path / "a.toml")])
    assert done.exit_code == 0, done.exception
    assert "# min = { accuracy = … }" in (tmp_path / "a.toml").read_text(encoding="utf-8")
    path = _file(tmp_path / "saved.csv", "size,label,prediction", *rows)
    assert _spec(tmp_path, path, fit=True)["model"] == {"predictions": "prediction"}


def test_the_proposal_is_rounded_down_to_what_is_certain() -> None:
    """90 right of 100: the lower end of the interval is .8238, and .82 is proposed."""
    reached = minima.Reached(rows=100, accuracy=minima.floored(0.8238), f1=None, guessing=0.5)
    assert minima.proposed(reached)[0] == "# min = { accuracy = 0.82 }"


def test_the_table_says_what_each_column_was_taken_for(tmp_path: Path) -> None:
    """On the screen each column stands with what it was taken for and why, and no cell of the file."""
    rows = [f"words of secret row {i},{'ab'[i % 2]},{i % 90}" for i in range(50)]
    path = _file(tmp_path / "train.csv", "text,label,age", *rows)
    other = _file(tmp_path / "test.csv", "text,label,age", *rows[:30])
    done = CliRunner().invoke(app, ["init", "--from", path, other, "--no-fit", "--output", str(tmp_path / "a.toml")])
    assert done.exit_code == 0, done.exception
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert "its name; 2 labels" in lines["label"]
    assert "words: " in lines["text"]
    assert "left out" in lines["age"]
    assert "secret" not in done.stdout


CELLS = st.one_of(
    st.integers(-5, 5).map(str),
    st.floats(-1e3, 1e3, allow_nan=False).map(lambda value: f"{value:.2f}"),
    st.sampled_from(
        ["", "unknown", "yes", "no", "true", "n/a", "2024-01-02", "1,5", "12%", "007", "inf", "很好的商品"]
    ),
    st.text("ab c", max_size=12),
)
NAMES = st.sampled_from(
    [
        "label",
        "target",
        "text",
        "pred",
        "score",
        "prob",
        "sex",
        "age",
        "user_id",
        "id",
        "date",
        "x",
        "y",
        "z",
        "类别",
        "zip",
    ]
)


@st.composite
def _tables(draw: st.DrawFn) -> pd.DataFrame:
    """A table of columns that are of one kind, or of any cells, under names that may mean something."""
    rows = draw(st.integers(20, 60))
    chance = random.Random(draw(st.integers(0, 10**6)))
    columns = {}
    for name in draw(st.lists(NAMES, min_size=2, max_size=6, unique=True)):
        pool = draw(st.lists(CELLS, min_size=1, max_size=draw(st.sampled_from([2, 4, 40]))))
        columns[name] = chance.choices(pool, k=rows)
    return pd.DataFrame(columns)


WRITTEN = (
    "{:.2f}",
    "{:.0f}",
    "{:,.2f}",
    "{:.1e}",
    "{:.1f}%",
    "+{:.0f}",
    "1.{:03.0f},5",
    "{:.0f},5",
    "0,{:.0f}",
    "1 {:03.0f}",
)
STRAYS = (
    "unknown",
    "see note",
    "inf",
    "1e999",
    "1,5",
    "1.5",
    "12%",
    "0.250",
    "1.234",
    "-",
    "2024-01-02",
    "007",
    "true",
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(WRITTEN), st.lists(st.sampled_from(STRAYS), max_size=4)), min_size=1, max_size=3
    ),
    st.integers(2, 60),
    st.sampled_from([".csv", ".parquet"]),
)
def test_no_feature_is_taken_for_what_an_audit_would_stop_at(
    tmp_path_factory: pytest.TempPathFactory, columns: list[tuple[str, list[str]]], distinct: int, suffix: str
) -> None:
    """Whatever words and other spellings stand among numbers, the spec that is written reads them."""
    folder = tmp_path_factory.mktemp("any")
    frame = pd.DataFrame({"label": [i % 2 for i in range(60)], "size": [i % 7 for i in range(60)]})
    for number, (form, strays) in enumerate(columns):
        cells = [form.format(1 + i % distinct * 7) for i in range(60 - len(strays))] + strays
        frame[f"x{number}"] = cells
    path = str(folder / f"data{suffix}")
    frame.to_parquet(path) if suffix == ".parquet" else frame.to_csv(path, index=False)
    assert "size" in _spec(folder, path)["data"]["features"]


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(frame=_tables())
def test_what_is_written_always_runs(tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame) -> None:
    """Of any table: either a word on why no spec can be written, or a spec whose audit ends with 0, 1 or 3."""
    folder = tmp_path_factory.mktemp("any")
    frame.to_csv(folder / "data.csv", index=False)
    try:
        starter([str(folder / "data.csv")], folder / "audit.toml")
    except AuditError:
        return
    assert run(prepare(folder / "audit.toml")).decision.exit_code in (0, 1, 3)


def test_whole_numbers_that_are_categories_in_parquet_run(tmp_path: Path) -> None:
    """A column that pandas wrote as categories stays one, and the audit trains on it."""
    frame = pd.DataFrame(
        {"colour": pd.Categorical([i % 3 * 10 for i in range(60)]), "label": [i % 2 for i in range(60)]}
    )
    frame.to_parquet(tmp_path / "data.parquet")
    spec = _spec(tmp_path, str(tmp_path / "data.parquet"), fit=True)
    assert spec["data"]["categorical"] == ["colour"]
