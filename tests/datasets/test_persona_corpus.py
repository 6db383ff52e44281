"""`PersonaCorpus` on the personas that come with sdkit, on small files in every form, and on broken ones."""

from __future__ import annotations

import csv
import json
import pickle
import random
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from sdkit.datasets import PersonaCorpus, PersonaRow
from sdkit.datasets.persona_rows import labels_of
from sdkit.embeddings import embedder, similarities
from sdkit.errors import FileError, InputError, MissingPackageError

OURS = Path(__file__).parents[2] / "datasets" / "personas.jsonl"

ROWS: list[dict[str, Any]] = [
    {"id": "a", "persona": "A baker who sings.", "cluster_label": 4, "summary_label": '["Music", "Baking"]'},
    {"id": "b", "persona": "A singer who bakes.", "cluster_label": 4, "summary_label": "['Music', 'music']"},
    {"id": "c", "persona": "A sailor who knits.", "cluster_label": 0, "summary_label": '["Sea"]'},
    {"id": "d", "persona": "A judge who juggles.", "cluster_label": -1, "summary_label": None},
]
READ = [
    PersonaRow("a", "A baker who sings.", 4, ("Baking", "Music")),
    PersonaRow("b", "A singer who bakes.", 4, ("Music", "music")),
    PersonaRow("c", "A sailor who knits.", 0, ("Sea",)),
    PersonaRow("d", "A judge who juggles.", -1, ()),
]


def write(path: Path, rows: list[Any] | None = None) -> Path:
    """Write rows, each with an embedding, in the form that the ending asks for."""
    rows = [row | {"embedding": [0.5, 0.25]} for row in ROWS] if rows is None else rows
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".jsonl":
            path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        case ".json":
            path.write_text(json.dumps(rows, indent=1), encoding="utf-8")
        case ".csv":
            with path.open("w", encoding="utf-8", newline="") as file:
                table = csv.DictWriter(file, fieldnames=list(rows[0]))
                table.writeheader()
                table.writerows(rows)
        case ".parquet":
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
        case ".arrow":
            data = pyarrow.Table.from_pylist(rows)
            with pyarrow.ipc.new_stream(path, data.schema) as stream:
                stream.write_table(data, max_chunksize=2)
    return path


def corpus_of(tmp_path: Path, *rows: dict[str, Any]) -> PersonaCorpus:
    return PersonaCorpus(write(tmp_path / "corpus.jsonl", list(rows)))


def saved(folder: Path, names: list[str], rows: list[list[dict[str, Any]]]) -> Path:
    """Write a folder as `save_to_disk` of Hugging Face's datasets does (seen with its version 5.2)."""
    for name, part in zip(names, rows, strict=True):
        write(folder / name, part)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names]}))
    (folder / "dataset_info.json").write_text("{}")
    return folder


# -- what comes with sdkit --------------------------------------------------------------------------------------------


def words(text: str) -> list[str]:
    return re.findall(r"[\w'’-]+", text.casefold())


def test_our_own_personas_are_many_in_clusters_and_with_labels() -> None:
    corpus = PersonaCorpus(OURS)
    assert len(corpus) >= 220
    assert [row.id for row in corpus] == [f"p{number:03}" for number in range(1, len(corpus) + 1)]
    assert corpus.broken == 0
    assert list(corpus.clusters) == list(range(17))
    assert min(corpus.clusters.values()) >= 10
    assert min(corpus.labels.values()) >= 2
    assert all(1 <= len(row.labels) <= 3 for row in corpus)


def test_our_own_personas_differ_in_their_words() -> None:
    spoken = [words(row.persona) for row in PersonaCorpus(OURS)]
    assert all(12 <= len(said) <= 45 for said in spoken)
    assert len({tuple(said[:5]) for said in spoken}) == len(spoken)
    phrases = Counter(tuple(said[i : i + 5]) for said in spoken for i in range(len(said) - 4))
    assert phrases.most_common(1)[0][1] <= 2


@pytest.mark.embeddings
def test_no_two_of_our_own_personas_mean_nearly_the_same() -> None:
    vectors = embedder("embedded").embed_documents([row.persona for row in PersonaCorpus(OURS)])
    cosines = similarities(vectors)
    cosines[range(len(vectors)), range(len(vectors))] = 0
    assert cosines.max() < 0.85


# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["c.jsonl", "c.json", "c.csv", "c.parquet", "c.arrow", "C.JSONL"])
def test_a_corpus_is_the_same_in_every_form(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name.lower()).rename(tmp_path / name)
    corpus = PersonaCorpus(path)
    assert list(corpus) == READ
    assert (len(corpus), corpus.broken, corpus.path) == (4, 0, path)
    assert repr(corpus) == f"<PersonaCorpus {str(path)!r}: 4 personas>"


def test_lines_in_a_json_file_and_a_list_in_a_jsonl_file_are_read_too(tmp_path: Path) -> None:
    assert list(PersonaCorpus(write(tmp_path / "l.jsonl").rename(tmp_path / "l.json"))) == READ
    assert list(PersonaCorpus(write(tmp_path / "c.json").rename(tmp_path / "c.jsonl"))) == READ


def test_a_byte_order_mark_and_blank_lines_do_not_matter(tmp_path: Path) -> None:
    text = write(tmp_path / "c.jsonl").read_text(encoding="utf-8")
    (tmp_path / "c.jsonl").write_text("\ufeff" + text.replace("\n", "\r\n\r\n"), encoding="utf-8", newline="")
    assert list(PersonaCorpus(tmp_path / "c.jsonl")) == READ


def test_places_and_slices_are_those_of_a_list(tmp_path: Path) -> None:
    corpus = PersonaCorpus(write(tmp_path / "c.jsonl"))
    assert (corpus[0], corpus[-1], corpus[1:3]) == (READ[0], READ[3], READ[1:3])
    with pytest.raises(IndexError):
        corpus[4]


def test_a_row_cannot_be_changed_and_can_be_pickled() -> None:
    with pytest.raises(AttributeError):
        READ[0].persona = "Somebody else."  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(READ[0])) == READ[0]


def test_a_folder_of_parts_is_read_in_order(tmp_path: Path) -> None:
    write(tmp_path / "train-00001-of-00002.parquet", ROWS[2:])
    write(tmp_path / "train-00000-of-00002.parquet", ROWS[:2])
    (tmp_path / "README.md").write_text("A card.")
    assert list(PersonaCorpus(tmp_path)) == READ


def test_a_folder_as_hugging_face_serves_it_has_its_files_in_data(tmp_path: Path) -> None:
    write(tmp_path / "data" / "train-00000-of-00001.parquet")
    assert list(PersonaCorpus(tmp_path)) == READ


def test_a_saved_data_set_is_read_without_its_caches(tmp_path: Path) -> None:
    saved(tmp_path, ["data-00000-of-00002.arrow", "data-00001-of-00002.arrow"], [ROWS[:3], ROWS[3:]])
    write(tmp_path / "cache-1234.arrow", ROWS)
    assert list(PersonaCorpus(tmp_path)) == READ


def test_of_saved_splits_the_first_one_is_read(tmp_path: Path) -> None:
    saved(tmp_path / "train", ["data-00000-of-00001.arrow"], [ROWS])
    saved(tmp_path / "extra", ["data-00000-of-00001.arrow"], [ROWS[:1]])
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "extra"]}')
    assert list(PersonaCorpus(tmp_path)) == READ


def test_of_a_parquet_file_the_embeddings_are_not_even_read(tmp_path: Path) -> None:
    path = write(tmp_path / "c.parquet")
    columns = pyarrow.parquet.ParquetFile(path).metadata.row_group(0)
    embeddings = columns.column(columns.num_columns - 1)
    assert embeddings.path_in_schema.startswith("embedding")
    with path.open("r+b") as file:  # given embeddings that nobody could read
        file.seek(embeddings.dictionary_page_offset or embeddings.data_page_offset)
        file.write(b"\xff" * embeddings.total_compressed_size)
    with pytest.raises(OSError, match=r"(?i)page|snappy|thrift|deserialize"):
        pyarrow.parquet.read_table(path)
    assert list(PersonaCorpus(path)) == READ


@pytest.mark.parametrize("column", ["persona", "input persona"])
def test_the_rows_of_persona_hub_have_no_ids_and_get_the_numbers_of_their_rows(column: str, tmp_path: Path) -> None:
    hub = [{column: "A baker.", "synthesized text": "..."}, {column: " A judge.\n"}]
    corpus = corpus_of(tmp_path, *hub)
    assert list(corpus) == [PersonaRow("1", "A baker."), PersonaRow("2", "A judge.")]
    assert (corpus.clusters, corpus.labels) == ({}, {})


def test_the_labels_of_fine_personas_before_clustering_are_read_too(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path, {"id": 7, "persona": "A baker.", "labels": '["Baking"]', "source": "web"})
    assert corpus[0] == PersonaRow("7", "A baker.", None, ("Baking",))


@pytest.mark.parametrize(("given", "cluster"), [(3.0, 3), ("3", 3), ("3.0", 3), (None, None), (float("nan"), None)])
def test_clusters_may_be_written_as_pandas_and_csv_write_them(given: Any, cluster: int | None, tmp_path: Path) -> None:
    assert corpus_of(tmp_path, {"persona": "A baker.", "cluster_label": given})[0].cluster == cluster


# -- labels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ('["Music", "Baking", "Music"]', ("Baking", "Music")),
        ("['Music', \"Baker's Work\"]", ("Baker's Work", "Music")),
        ("('Music', 'Baking')", ("Baking", "Music")),
        (["Music", " Baking\n Bread ", ""], ("Baking Bread", "Music")),
        ('"Music"', ("Music",)),
        ("['20\\% off']", ("20\\% off",)),  # Python warns of this backslash
        ("[]", ()),
        ("  ", ()),
        ("null", ()),
        (None, ()),
        (float("nan"), ()),
    ],
)
def test_labels_are_read_however_they_were_written(given: Any, labels: tuple[str, ...]) -> None:
    assert labels_of(given) == (labels, False)


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ("Music and\nbaking", ("Music and baking",)),
        ("2020", ("2020",)),
        ('["Music", "Bak', ()),
        ("{'label': 'Music'}", ()),
        ("[1, 2]", ()),
        ('[["Music"]]', ()),
        ('"[Music]"', ()),
        ([None], ()),
        (5, ()),
        ("[" * 100_000, ()),
    ],
)
def test_of_broken_labels_a_plain_text_is_kept(given: Any, labels: tuple[str, ...]) -> None:
    assert labels_of(given) == (labels, True)


def test_rows_with_broken_labels_are_counted(tmp_path: Path) -> None:
    texts = ['["Music"]', '["Mus', '["Mus', "Music", None]
    corpus = corpus_of(tmp_path, *({"persona": "A baker.", "summary_label": text} for text in texts))
    assert corpus.broken == 3
    assert corpus.labels == {"Music": 2}


# -- choosing and drawing ---------------------------------------------------------------------------------------------


@pytest.fixture
def corpus(tmp_path: Path) -> PersonaCorpus:
    return PersonaCorpus(write(tmp_path / "c.jsonl"))


def test_clusters_and_labels_are_counted(corpus: PersonaCorpus) -> None:
    assert corpus.clusters == {0: 1, 4: 2}  # without -1
    assert corpus.labels == {"Music": 2, "Baking": 1, "Sea": 1}  # "Music" and "music" are one


@pytest.mark.parametrize(
    ("chosen", "ids"),
    [
        ({}, "abcd"),
        ({"cluster": 4}, "ab"),
        ({"cluster": -1}, "d"),
        ({"label": " MUSIC "}, "ab"),
        ({"cluster": 4, "label": "baking"}, "a"),
        ({"cluster": 0, "label": "baking"}, ""),
    ],
)
def test_personas_are_chosen_by_cluster_and_label(chosen: dict[str, Any], ids: str, corpus: PersonaCorpus) -> None:
    assert "".join(row.id for row in corpus.choose(**chosen)) == ids


def test_what_was_chosen_is_the_callers(corpus: PersonaCorpus) -> None:
    for chosen in ({}, {"cluster": 4}, {"label": "Music"}):
        corpus.choose(**chosen).clear()  # type: ignore[arg-type]
    assert (len(corpus), len(corpus.choose(cluster=4)), len(corpus.choose(label="Music"))) == (4, 2, 2)


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        ({"cluster": 5}, "no cluster 5 in .*; the nearest are 0, 4"),
        ({"cluster": "four"}, "cluster='four' is no number of a cluster"),
        ({"cluster": 4.5}, r"cluster=4\.5 is no number"),
        ({"label": "Musik"}, r"no label 'Musik' in .*; did you mean Music\?"),
        ({"label": "ki"}, r"no label 'ki' .*did you mean Baking\?"),
        ({"label": "Zebras"}, "of 3, the most frequent are Music, Baking, Sea"),
        ({"label": ""}, "no label '' in .*; of 3"),
        ({"label": 5}, "label=5 is no label"),
    ],
)
def test_what_there_is_not_is_refused_with_what_is_near(
    chosen: dict[str, Any], why: str, corpus: PersonaCorpus
) -> None:
    with pytest.raises(InputError, match=why):
        corpus.choose(**chosen)


@pytest.mark.parametrize("chosen", [{"cluster": 1}, {"label": "Music"}])
def test_a_corpus_without_clusters_and_labels_says_so(chosen: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the corpus has none"):
        corpus_of(tmp_path, {"persona": "A baker."}).choose(**chosen)


def test_a_draw_is_that_of_its_seed() -> None:
    corpus = PersonaCorpus(OURS)
    first, again, other = ([corpus.draw(random.Random(seed)) for _ in range(2)] for seed in (1, 1, 2))
    assert first == again != other


def test_a_cluster_and_a_label_are_as_likely_as_any_other_however_few_they_have(tmp_path: Path) -> None:
    # Given a cluster of one and a cluster of 99, and one label that one of the many has
    many = [{"id": "m", "persona": "One of many.", "cluster_label": 0} for _ in range(98)]
    corpus = corpus_of(
        tmp_path,
        {"id": "few", "persona": "The only one.", "cluster_label": 1},
        {"id": "label", "persona": "One with a label.", "cluster_label": 0, "summary_label": '["Music"]'},
        *many,
    )
    rng = random.Random(3)
    drawn = Counter(corpus.draw(rng).id for _ in range(4000))
    # Then half of the draws go by the label, and a quarter by each cluster
    assert drawn["label"] / 4000 == pytest.approx(0.5, abs=0.03)
    assert drawn["few"] / 4000 == pytest.approx(0.25, abs=0.03)


def test_noise_is_no_cluster_to_draw_from(corpus: PersonaCorpus) -> None:
    rng = random.Random(5)
    assert {corpus.draw(rng).id for _ in range(300)} == {"a", "b", "c"}


@pytest.mark.parametrize("cells", [{}, {"cluster_label": -1}, {"cluster_label": 2}, {"summary_label": '["Music"]'}])
def test_a_corpus_of_any_kind_can_be_drawn_from(cells: dict[str, Any], tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path, *({"id": id, "persona": f"A {id}.", **cells} for id in "abc"))
    rng = random.Random(1)
    assert {corpus.draw(rng).id for _ in range(100)} == {"a", "b", "c"}


@pytest.mark.parametrize("rng", [7, None, random])
def test_chance_comes_from_a_generator_with_a_seed(rng: Any, corpus: PersonaCorpus) -> None:
    with pytest.raises(InputError, match=r"give random\.Random\(7\)"):
        corpus.draw(rng)


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        (" \n\n", "holds no personas"),
        ("[]", "holds no personas"),
        ('{"persona": "A baker."}\n{"id": 2, "text": "A judge."}', "line 2: there is no column persona; .* id, text"),
        ('{"persona": "A baker."}\n\n{"persona": " "}', "line 3: the persona is blank"),
        ('{"persona": null}', "line 1: the persona is blank"),
        ('{"persona": ["A baker."]}', r"line 1: the persona is \['A baker\.'\]; a text is needed"),
        ('{"persona": "A \\ud83d baker."}', "line 1: the persona is no text: .* not valid Unicode"),
        ('{"persona": "A baker."}\n{"persona": "A jud', "line 2: is not JSON"),
        ('{"persona": "A baker."}\n"A judge."', "line 2: an object with a persona is needed, not 'A judge.'"),
        ('{"persona": "A baker.", "cluster_label": "bread"}', "line 1: the cluster_label is 'bread'; a whole number"),
        ('{"persona": "A baker.", "cluster_label": 1.5}', r"the cluster_label is 1\.5"),
        ('{"persona": "A baker.", "cluster_label": true}', "the cluster_label is True"),
        ('{"persona": "A baker.", "cluster_label": Infinity}', "the cluster_label is inf"),
        ('[{"persona": "A baker."}, {"persona": ""}]', "row 2: the persona is blank"),
        ('[{"persona": "A baker."}, 5]', "row 2: an object with a persona is needed, not 5"),
        ('[\n{"persona": "A baker."},\n', "line 3: is not JSON"),
        ("[" * 100_000, "is nested too deeply|is not JSON"),
    ],
)
def test_a_broken_json_file_is_refused_with_the_line(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=rf"c\.jsonl.*{why}") as refused:
        PersonaCorpus(tmp_path / "c.jsonl")
    assert len(str(refused.value)) < 400


def test_a_file_in_another_encoding_is_refused_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_bytes(b'{"persona": "A baker."}\n' + '{"persona": "Señora"}'.encode("latin-1"))
    with pytest.raises(FileError, match="line 2: is not UTF-8 text"):
        PersonaCorpus(tmp_path / "c.jsonl")
    (tmp_path / "c.csv").write_bytes("persona\nSeñora".encode("latin-1"))
    with pytest.raises(FileError, match="is not UTF-8 text"):
        PersonaCorpus(tmp_path / "c.csv")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("id,text\n1,A baker.\n", "line 1: there is no column persona; the columns are id, text"),
        ('id,persona\n1,"A baker\nwho sings."\n2,\n', "line 4: the persona is blank"),
        ("id,persona\n", "holds no personas"),
        (f"persona\n{'x' * 200_000}\n", "line 2: is not CSV: field larger"),
    ],
)
def test_a_broken_csv_file_is_refused_with_the_line(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=why):
        PersonaCorpus(tmp_path / "c.csv")


@pytest.mark.parametrize("ending", [".parquet", ".arrow"])
def test_a_broken_file_of_pyarrow_is_refused(ending: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"c{ending}", [{"id": 1, "text": "A baker."}])
    with pytest.raises(FileError, match="there is no column persona; the columns are id, text"):
        PersonaCorpus(path)
    write(path, [{"persona": "A baker."}, {"persona": ""}])
    with pytest.raises(FileError, match="row 2: the persona is blank"):
        PersonaCorpus(path)
    path.write_bytes(write(path, ROWS).read_bytes()[: -path.stat().st_size // 2])
    with pytest.raises(FileError, match="that can be read"):
        PersonaCorpus(path)
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    with pytest.raises(FileError, match=r"Git LFS keeps.*git lfs pull"):
        PersonaCorpus(path)


@pytest.mark.parametrize("ending", [".parquet", ".arrow"])
def test_without_pyarrow_the_error_says_how_to_get_it(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / f"c{ending}", ROWS)
    for module in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingPackageError, match=r"pyarrow is needed to read .*\[factory\]"):
        PersonaCorpus(path)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("nowhere.jsonl", r"nowhere\.jsonl: does not exist; datasets/personas\.jsonl comes with sdkit"),
        ("people.json", r"people\.json: does not exist; did you mean .*people\.jsonl\?"),
        ("people", r"people: does not exist; did you mean .*people\.jsonl\?"),
        ("notes.txt", r"read from files that end in \.jsonl, .*\.arrow, not in '\.txt'"),
        ("folder", r"folder: holds no file that ends in \.jsonl"),
        ("both", r"both: holds files that end in \.csv and in \.jsonl; name one of them"),
        ("nul\0l", "does not exist"),
    ],
)
def test_a_path_without_a_corpus_is_refused_with_what_to_do(path: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("A baker.")
    for name in ("people.jsonl", "both/c.csv", "both/c.jsonl"):
        write(tmp_path / name)
    with pytest.raises(FileError, match=why):
        PersonaCorpus(tmp_path / path)


@pytest.mark.parametrize("path", [None, 5, "", " "])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(InputError, match=r"is no path; .*datasets/personas\.jsonl"):
        PersonaCorpus(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dataset_dict.json", '{"splits": []}'),
        ("dataset_dict.json", '{"splits": ["."]}'),
        ("dataset_dict.json", '{"splits": "train"}\n'.replace('"train"', "[5]")),
        ("dataset_dict.json", "5"),
        ("state.json", "{}"),
        ("state.json", '{"_data_files": [{"filename": "../c.arrow"}]}'),
    ],
)
def test_a_saved_folder_that_names_no_data_is_refused(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(FileError, match=rf"{name}: is not what `save_to_disk`"):
        PersonaCorpus(tmp_path)


def test_a_saved_folder_without_its_data_is_refused(tmp_path: Path) -> None:
    saved(tmp_path, ["a.arrow"], [ROWS])
    (tmp_path / "a.arrow").unlink()
    with pytest.raises(FileError, match=r"a\.arrow: does not exist"):
        PersonaCorpus(tmp_path)
