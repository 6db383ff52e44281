"""Exporting a set of dialogues: the forms that others read, a data card, and who has signed it off.

All of it goes into one folder, which is there as a whole or not at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sdkit
from sdkit.describing import nearest
from sdkit.errors import FileError, InputError
from sdkit.factory.export_card import Card
from sdkit.factory.export_forms import FORMS, lines
from sdkit.factory.export_rows import Source
from sdkit.factory.made import Made
from sdkit.factory.validation import SignOff
from sdkit.files import data_text, in_words, read_data, write_bytes, write_text

CARD, PLAN, SIGN_OFF, PROVENANCE, CONTENTS = (
    "README.md",
    "plan.yaml",
    "sign_off.json",
    "provenance.jsonl",
    "export.json",
)
"""The files of an export beside its forms; the last one lists them all, with their SHA-256."""


def export(
    data: Made | str | Path | Iterable[Mapping[str, Any]],
    folder: str | Path,
    forms: Sequence[str] = tuple(FORMS),
    *,
    sign_off: SignOff | str | Path | None = None,
    only_approved: bool = True,
    title: str = "Synthetic dialogues",
    licence: str = "",
) -> list[Path]:
    """Export dialogues into a folder.

    The same dialogues give the same files, byte for byte. An earlier export is replaced, if nobody has changed it.

    Parameters
    ----------
    data
        What a factory has made; a file of it, or of `sdkit moderate`, of which what lies beside is read too, to tell
        how it was made; or records.
    folder
        Where to. It is made, or is empty, or holds an earlier export.
    forms
        What of `sdkit.factory.export_forms.FORMS`: "chat", "sharegpt", "csv", "parquet", "datasets".
    sign_off
        Who has signed off these dialogues; the data card says if nobody has.
    only_approved
        Leave out what moderation has flagged or could not judge, and what failed in the review.
    title, licence
        What the set is called, and its licence, such as "CC-BY-4.0".

    Returns
    -------
    list of Path
        The files, in the order in which they are written.

    Raises
    ------
    InputError
        There is nothing to export, a record is none, a form is not known, or the sign-off is of other dialogues.
    FileError
        A file cannot be read or written, or the folder holds something else.
    MissingPackageError
        pyarrow is not installed, for Parquet.

    Examples
    --------
    >>> from sdkit.factory.exporting import export
    >>> export("output/three.json", "output/export", ["chat", "csv"], licence="CC-BY-4.0")  # doctest: +SKIP
    """
    wanted = _known_forms(forms)
    if not title.strip():
        raise InputError("title: give the set a name")
    _check_free(Path(folder))
    signed = SignOff.from_file(sign_off) if isinstance(sign_off, str | Path) else sign_off
    source = Source.of(data)
    rows = source.rows()
    if signed is not None:
        signed.check(source.records)
    flagged = source.flagged()
    failed = {*signed.verdict.failed} - flagged if signed is not None else set()
    if only_approved:
        rows = [row for row in rows if row.dialogue_id not in flagged | failed]
    if not rows:
        raise InputError("nothing is left to export: no dialogue is approved")
    card = Card(
        title=title,
        licence=licence.strip(),
        rows=rows,
        forms=wanted,
        source=source,
        left_out={"that moderation has not approved": len(flagged), "that failed in the review": len(failed)}
        if only_approved
        else {},
        flagged=0 if only_approved else len(flagged),
        sign_off=signed,
    )
    told = source.told(row.dialogue_id for row in rows)

    def files() -> Iterator[tuple[str, bytes]]:
        for form in wanted:
            yield FORMS[form].file, FORMS[form].make(rows)
        if told:
            yield PROVENANCE, lines(told)
        if "plan" in source.about:
            yield PLAN, data_text(source.about["plan"], "yaml").encode()
        if signed is not None:
            yield SIGN_OFF, data_text(signed.model_dump(mode="json"), "json").encode()
        yield CARD, card.text().encode()

    names = _put(Path(folder), files(), {"sdkit": sdkit.__version__, "dialogues": len(rows), "forms": wanted})
    return [Path(folder) / name for name in names]


def _known_forms(forms: Sequence[str]) -> list[str]:
    asked = [forms] if isinstance(forms, str) else list(dict.fromkeys(forms))
    for form in asked:
        if form not in FORMS:
            raise InputError(f"{form!r} is no form of an export{nearest(str(form), FORMS)}")
    if not asked:
        raise InputError(f"forms: name at least one of {', '.join(FORMS)}")
    return asked


def _check_free(folder: Path) -> None:
    """See that nothing is lost when a folder is replaced.

    Raises
    ------
    FileError
        It is no folder, or holds something else than an earlier export, as it was written.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise FileError(folder, "is a file; name a folder")
    there = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    if not there and not any(folder.iterdir()):
        return
    other = "name a new folder for the export"
    contents = read_data(folder / CONTENTS, "json") if CONTENTS in there else {}
    known = contents.get("files") if isinstance(contents, dict) else None
    ours = known if isinstance(known, dict) else {}
    for name in there:
        if name != CONTENTS and name not in ours:
            raise FileError(folder, f"holds something else, {name}; {other}")
        if name != CONTENTS and hashlib.sha256((folder / name).read_bytes()).hexdigest() != ours[name]:
            raise FileError(folder / name, f"was changed since it was exported; {other}, or move it away")
    if not ours:
        raise FileError(folder, f"holds something else; {other}")


def _put(folder: Path, files: Iterable[tuple[str, bytes]], about: Mapping[str, Any]) -> list[str]:
    """Write a folder as a whole: beside the place where it is to be, and then there; return the names of its files.

    Raises
    ------
    FileError
        It cannot be written; what was there is as it was.
    """
    target = Path(os.path.realpath(folder))
    part, old = (target.with_name(f".{target.name[:40]}.{secrets.token_hex(4)}.{end}") for end in ("part", "old"))
    hashes: dict[str, str] = {}
    try:
        for name, held in files:
            write_bytes(part / name, held)
            hashes[name] = hashlib.sha256(held).hexdigest()
        write_text(part / CONTENTS, data_text({**about, "files": hashes}, "json"))
        if target.exists():
            target.replace(old)
        part.replace(target)
    except OSError as error:
        raise FileError(folder, f"was not written: {in_words(error, 'written')}") from error
    finally:
        if old.exists() and not target.exists():
            old.replace(target)
        for left in (part, old):
            with contextlib.suppress(OSError):
                shutil.rmtree(left)
    return [*hashes, CONTENTS]
