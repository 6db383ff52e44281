"""The files of a factory: SynWOZ's, which are written from the journal, and those beside them."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdkit.errors import FileError, InputError
from sdkit.factory.attempts import Attempt
from sdkit.factory.items import Item
from sdkit.factory.uniqueness import unpacked
from sdkit.files import in_words, read_data, write_bytes, write_text
from sdkit.jsonl import write_lines

_MOST = 4 * 2**30  # bytes of hashes that are read


@dataclass(frozen=True)
class Places:
    """Where the files of a factory are.

    Attributes
    ----------
    output, hashes, embeddings : Path
        SynWOZ's files.
    """

    output: Path
    hashes: Path
    embeddings: Path

    @classmethod
    def of(cls, output: str | Path, hashes: str | Path | None, embeddings: str | Path | None) -> Places:
        """Return the places for these names; hashes and embeddings lie beside the output, unless they have names.

        Raises
        ------
        InputError
            A name has the wrong ending, or two are the same.
        """
        out = Path(output)
        if out.suffix.lower() not in (".json", ".jsonl"):
            raise InputError(f"{output}: dialogues go into a file whose name ends in .json or .jsonl")
        places = cls(
            out,
            Path(hashes) if hashes else out.with_name(f"{out.stem}.hashes.json"),
            Path(embeddings) if embeddings else out.with_name(f"{out.stem}.embeddings.npy"),
        )
        for path, ending in ((places.hashes, ".json"), (places.embeddings, ".npy")):
            if path.suffix.lower() != ending:
                raise InputError(f"{path}: the name of this file ends in {ending}")
        if len({os.path.realpath(path) for path in (places.output, places.hashes, places.embeddings)}) < 3:
            raise InputError("the files for dialogues, hashes and embeddings need three different names")
        return places

    def beside(self, what: str) -> Path:
        """Return the path of a file of ours beside the output."""
        return self.output.with_name(f"{self.output.stem}.{what}")

    @property
    def journal(self) -> Path:
        """The truth."""
        return self.beside("journal.jsonl")

    @property
    def about(self) -> Path:
        """What shaped it."""
        return self.beside("batch.json")

    @property
    def provenance(self) -> Path:
        """How each dialogue was made."""
        return self.beside("provenance.jsonl")

    @property
    def flagged(self) -> Path:
        """What moderation has kept out."""
        return self.beside("flagged_attempts.jsonl")

    @property
    def failed(self) -> Path:
        """What could not be made."""
        return self.beside("failed_attempts.jsonl")

    @property
    def earlier(self) -> Path:
        """Hashes and embeddings that were there before this run."""
        return self.beside("earlier.npz")

    @property
    def lock(self) -> Path:
        """Keeps other runs out."""
        return self.beside("lock")


class Earlier:
    """Hashes and embeddings of dialogues that other runs have made, of which there is nothing else.

    They are kept in a file of their own from the beginning of the run on, so that a run which is killed between the
    writing of two files still knows which were there before.

    Parameters
    ----------
    places
        Where the files are.
    ours
        The hashes of all that this run has attempted.

    Attributes
    ----------
    hashes : list of str
        Of which `vectors` has the embeddings, as the rows of an array, or None if there are none.

    Raises
    ------
    FileError
        A file cannot be read, is none of these, or the two do not belong together.
    """

    def __init__(self, places: Places, ours: set[str]) -> None:
        self.hashes, self.vectors = _kept(places.earlier)
        hashes, vectors = read_hashes(places.hashes), read_vectors(places.embeddings)
        known = {*self.hashes, *ours}
        if all(one in known for one in hashes) and places.earlier.exists():
            return
        count = 0 if vectors is None else len(vectors)
        if len(hashes) != count:
            raise FileError(
                places.embeddings,
                f"has {count} embeddings, and {places.hashes} has {len(hashes)} hashes: they do not belong together. "
                "Name others, or move both away",
            )
        # What this run attempted and found there already is not its own.
        ours = ours - set(self.hashes)
        others = [place for place, one in enumerate(hashes) if one not in ours]
        self.hashes = [hashes[place] for place in others]
        self.vectors = vectors[others] if vectors is not None and others else None
        self._keep(places.earlier)

    def _keep(self, path: Path) -> None:
        import numpy as np

        data = io.BytesIO()
        rows = np.empty((0, 0), np.float32) if self.vectors is None else self.vectors
        np.savez(data, hashes=np.array(self.hashes, dtype="U64"), vectors=rows)
        write_bytes(path, data.getvalue())


def _kept(path: Path) -> tuple[list[str], Any]:
    import numpy as np

    if not path.exists():
        return [], None
    try:
        with np.load(path) as file:
            hashes, vectors = [str(one) for one in file["hashes"]], file["vectors"]
    except (OSError, ValueError, KeyError) as error:
        raise FileError(path, f"cannot be read: {error}") from error
    return hashes, vectors if hashes else None


def read_hashes(path: Path) -> list[str]:
    """Return the hashes of a file; none if there is none.

    Raises
    ------
    FileError
        It holds something else.
    """
    if not path.exists():
        return []
    found = read_data(path, "json", _MOST)
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise FileError(path, "holds no hashes: it is to be a list of texts. Name another file, or move it away")
    return found


def read_vectors(path: Path) -> Any:
    """Return the embeddings of a file as an array with a row each, of length 1; None if there is no file.

    Raises
    ------
    FileError
        It holds something else.
    """
    import numpy as np

    if not path.exists():
        return None
    try:
        found = np.load(path)
        rows = np.asarray(found, dtype=np.float32)
    except (OSError, ValueError, EOFError, TypeError) as error:
        raise FileError(path, f"holds no embeddings: {in_words(OSError(str(error)), 'read')}") from error
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise FileError(path, "holds no embeddings: an array of numbers is needed, with a row for each dialogue")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


def render(places: Places, kept: Sequence[tuple[Item, Attempt]], earlier: Earlier) -> None:
    """Write SynWOZ's files, and how each dialogue was made, each file atomically.

    Raises
    ------
    FileError
        A file cannot be written.
    """
    import numpy as np

    records = [attempt.record for _, attempt in kept]
    vectors = [unpacked(attempt.vector) for _, attempt in kept]
    rows = np.array(vectors, dtype=np.float32) if vectors else np.empty((0, 0), np.float32)
    if earlier.vectors is not None:
        rows = np.vstack([earlier.vectors, rows]) if vectors else earlier.vectors
    data = io.BytesIO()
    np.save(data, rows)
    write_bytes(places.embeddings, data.getvalue())
    hashes = [*earlier.hashes, *(attempt.hash for _, attempt in kept)]
    write_text(places.hashes, json.dumps(hashes, indent=4))
    write_lines(places.provenance, (_about(item, attempt) for item, attempt in kept))
    if places.output.suffix.lower() == ".jsonl":
        write_lines(places.output, records)
    else:
        write_text(places.output, json.dumps(records, indent=4, ensure_ascii=False))


def _about(item: Item, attempt: Attempt) -> dict[str, Any]:
    assert attempt.record is not None
    return {
        "dialogue_id": attempt.record["dialogue_id"],
        "plan": item.json(),
        "attempt": attempt.attempt,
        "hash": attempt.hash,
        "missed": list(attempt.missed),
        **(attempt.made or {}),
    }


def write_rejected(places: Places, flagged: Sequence[Mapping[str, Any]], failed: Sequence[Mapping[str, Any]]) -> None:
    """Write what was flagged and what failed; a file that has nothing in it is taken away."""
    for path, rows in ((places.flagged, flagged), (places.failed, failed)):
        if rows:
            write_lines(path, rows)
        else:
            path.unlink(missing_ok=True)
