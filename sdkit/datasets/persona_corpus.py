"""Persona corpora: many short descriptions of people, in clusters and under labels.

The format is that of FinePersonas-v0.1-clustering-100k (argilla, on Hugging Face): the columns ``id``, ``persona``,
``cluster_label``, with -1 for what DBSCAN left as noise, and ``summary_label``, a text that holds a list of labels that
a language model gave. Files of PersonaHub (Ge et al., arXiv:2406.20094), which have only the persona, are read too.
"""

from __future__ import annotations

import difflib
import operator
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import overload

from sdkit.datasets.persona_rows import PersonaRow, cluster_of, labels_of, persona_of
from sdkit.datasets.persona_tables import CLUSTER, LABELS, at, files_of, first, rows_of
from sdkit.errors import FileError, InputError

NOISE = -1
"""The cluster of personas that are in none."""

_SHOWN = 5  # labels that an error names, where none is near


class PersonaCorpus:
    """The personas of a file or a folder, read once, without embeddings and other columns.

    Parameters
    ----------
    path
        A .jsonl, .json, .csv, .parquet or .arrow file; a folder with some of one kind; or one that ``save_to_disk`` of
        Hugging Face's datasets wrote, of which the first split is read.

    Attributes
    ----------
    path : Path
        Where it was read from.
    broken : int
        The number of rows whose labels are no list of texts. Such a text counts as one label if there is no bracket in
        it, else it is left out.

    Raises
    ------
    InputError
        `path` is no path.
    FileError
        It is not there, empty, not in this form, or has a persona that is blank; names the line or the row.
    MissingPackageError
        It is a Parquet or an Arrow file, and pyarrow is not installed.

    Examples
    --------
    >>> import random
    >>> from sdkit.datasets import PersonaCorpus
    >>> corpus = PersonaCorpus("datasets/personas.jsonl")
    >>> corpus.draw(random.Random(7)).persona  # doctest: +SKIP
    """

    def __init__(self, path: str | Path) -> None:
        if not isinstance(path, str | os.PathLike) or not str(path).strip():
            raise InputError(f"{path!r:.80} is no path; name the file of a corpus, such as 'datasets/personas.jsonl'")
        self.path = Path(path)
        self.broken = 0
        self._rows: list[PersonaRow] = []
        self._clusters: dict[int, list[PersonaRow]] = {}
        self._labels: dict[str, list[PersonaRow]] = {}  # by the label in small letters
        self._spelled: dict[str, str] = {}
        self._read()
        self._drawn_from: list[list[list[PersonaRow]]] = [
            [self._clusters[cluster] for cluster in self.clusters],
            [self._labels[label] for label in sorted(self._labels)],
        ]

    def _read(self) -> None:
        known: dict[str, tuple[tuple[str, ...], bool]] = {}  # of 100,000 rows, most labels come many times
        for file in files_of(self.path):
            for counted, number, cells in rows_of(file):
                try:
                    persona, cluster = persona_of(cells), cluster_of(cells.get(CLUSTER))
                except InputError as error:
                    raise at(file, counted, number, str(error)) from error
                given = first(cells, LABELS)
                if isinstance(given, str):
                    if given not in known:
                        known[given] = labels_of(given)
                    labels, is_broken = known[given]
                else:
                    labels, is_broken = labels_of(given)
                self.broken += is_broken
                id = cells.get("id")
                name = str(len(self) + 1 if id is None or id == "" else id)
                self._add(PersonaRow(name, persona, cluster, labels))
        if not self._rows:
            raise FileError(self.path, "holds no personas")

    def _add(self, row: PersonaRow) -> None:
        self._rows.append(row)
        if row.cluster is not None:
            self._clusters.setdefault(row.cluster, []).append(row)
        for folded, label in {label.casefold(): label for label in row.labels}.items():
            self._spelled.setdefault(folded, label)
            self._labels.setdefault(folded, []).append(row)

    def __repr__(self) -> str:
        """Say where it is from, and how many there are."""
        return f"<{type(self).__name__} {str(self.path)!r}: {len(self):,} personas>"

    def __len__(self) -> int:
        """Return the number of personas."""
        return len(self._rows)

    def __iter__(self) -> Iterator[PersonaRow]:
        """Go through the personas, in their order."""
        return iter(self._rows)

    @overload
    def __getitem__(self, index: int) -> PersonaRow: ...
    @overload
    def __getitem__(self, index: slice) -> list[PersonaRow]: ...
    def __getitem__(self, index: int | slice) -> PersonaRow | list[PersonaRow]:
        """Return the persona at this place, from 0 on, or those of a slice."""
        return self._rows[index]

    @property
    def clusters(self) -> dict[int, int]:
        """How many personas are in each cluster, by its number; those in none are left out."""
        return {cluster: len(self._clusters[cluster]) for cluster in sorted(self._clusters) if cluster != NOISE}

    @property
    def labels(self) -> dict[str, int]:
        """How many personas have each label, the most frequent first; capitals make no difference."""
        most = sorted(self._labels, key=lambda label: (-len(self._labels[label]), label))
        return {self._spelled[label]: len(self._labels[label]) for label in most}

    def choose(self, cluster: int | None = None, label: str | None = None) -> list[PersonaRow]:
        """Return the personas of a cluster, with a label, or both; in their order.

        Parameters
        ----------
        cluster
            Its number; -1 for those in none. None means any.
        label
            One of the labels that a persona has to have; capitals make no difference. None means any.

        Raises
        ------
        InputError
            There is no such cluster or label; names near ones.
        """
        rows = self._rows if cluster is None else self._clusters[self._known_cluster(cluster)]
        if label is None:
            return list(rows)
        labelled = self._labels[self._known_label(label)]
        return [row for row in labelled if cluster is None or row.cluster == cluster]

    def draw(self, rng: random.Random) -> PersonaRow:
        """Return a random persona: a coin decides between clusters and labels, one of these is drawn, then one in it.

        So are the personas of the SynWOZ data set drawn. Each cluster and each label is as likely as any other, however
        few personas it has. Of a corpus with clusters only, or labels only, these are taken; of one with neither, any.

        Parameters
        ----------
        rng
            Where chance comes from: ``random.Random(seed)``.

        Raises
        ------
        InputError
            `rng` is none.
        """
        if not isinstance(rng, random.Random):
            raise InputError(f"{rng!r:.80} draws no persona that can be drawn again; give random.Random(7)")
        if kinds := [groups for groups in self._drawn_from if groups]:
            return rng.choice(rng.choice(rng.choice(kinds)))
        return rng.choice(self._rows)

    def _known_cluster(self, cluster: int) -> int:
        try:
            number = operator.index(cluster)
        except TypeError:
            raise InputError(f"cluster={cluster!r:.80} is no number of a cluster; give a whole one") from None
        if number in self._clusters:
            return number
        near = sorted(sorted(self.clusters, key=lambda known: abs(known - number))[:3])
        there = f"the nearest are {', '.join(map(str, near))}" if near else "the corpus has none"
        raise InputError(f"there is no cluster {number} in {self.path}; {there}")

    def _known_label(self, label: str) -> str:
        if not isinstance(label, str):
            raise InputError(f"label={label!r:.80} is no label; give a text")
        if (folded := " ".join(label.split()).casefold()) in self._labels:
            return folded
        near = difflib.get_close_matches(folded, self._labels, n=3)
        near = near or sorted(known for known in self._labels if folded and folded in known)[:3]
        if near:
            there = f"did you mean {' or '.join(self._spelled[known] for known in near)}?"
        elif self._labels:
            there = f"of {len(self._labels):,}, the most frequent are {', '.join(list(self.labels)[:_SHOWN])}"
        else:
            there = "the corpus has none"
        raise InputError(f"there is no label {label!r:.80} in {self.path}; {there}")
