"""all-MiniLM-L6-v2 in numpy: sentences to vectors, without torch.

A BERT of six layers (Devlin et al., 2019; distilled by Wang et al., 2020, "MiniLM") that the sentence-transformers
project trained on a billion pairs of sentences. It knows English; of a text it reads the first 256 tokens.

Its tokenizer is here, too: the `tokenizers` package would bring a client of Hugging Face's along, 35 MB in all, for
what takes a page. The two find the same tokens, but for some 500 rare characters that are newer than its tables.
"""

from __future__ import annotations

import json
import re
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sdkit.errors import MissingPackageError
from sdkit.files import read_text
from sdkit.llm import weights

MAX_TOKENS = 256
"""How much of a text the model reads, its first and last token, [CLS] and [SEP], included."""

HEADS, LAYERS = 12, 6
_EPSILON = 1e-12
_BATCH = 2048  # tokens at once: some ten megabytes for each step

_CLS, _SEP, _UNKNOWN = 101, 102, 100
_SPECIAL = re.compile(r"(\[(?:PAD|UNK|CLS|SEP|MASK)\])")
_LONGEST_WORD = 100  # characters
_IDEOGRAPHS = (
    *((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F)),
    *((0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)),
)


def vectors(texts: list[str]) -> Iterator[list[float]]:
    """Yield the vector of each text: 384 numbers, of length 1.

    Raises
    ------
    WeightsError
        The model's files are not on this machine, or not what they should be.
    MissingPackageError
        numpy or safetensors is not installed.
    """
    model = _load()
    rows = [model.tokens(text) for text in texts]
    while rows:
        # Texts stand one after another, without padding: how they are grouped changes no result.
        count, size = 1, len(rows[0])
        while count < len(rows) and (size := size + len(rows[count])) <= _BATCH:
            count += 1
        yield from model.vectors(rows[:count])
        rows = rows[count:]


class MiniLM:
    """The model in memory; several threads may use it at once.

    Parameters
    ----------
    file
        Its weights, as safetensors.
    vocabulary
        Its tokenizer.json.
    """

    def __init__(self, file: Path, vocabulary: Path) -> None:
        try:
            from safetensors.numpy import load_file
        except ImportError as error:
            raise MissingPackageError(error.name or "safetensors", "embed texts inside Python") from error
        self._weights = load_file(file)
        self._vocabulary = json.loads(read_text(vocabulary))["model"]["vocab"]

    # -- text to tokens ------------------------------------------------------------------------------------------------

    def tokens(self, text: str) -> list[int]:
        """Return the tokens of a text by their numbers in the vocabulary, from [CLS] to [SEP]."""
        found: list[int] = []
        for part in _SPECIAL.split(text):
            if _SPECIAL.fullmatch(part):
                found.append(self._vocabulary[part])
                continue
            for word in part.translate(_NORMAL).split():
                if len(found) >= MAX_TOKENS - 2:
                    break
                found += self._pieces(word)
        return [_CLS, *found[: MAX_TOKENS - 2], _SEP]

    def _pieces(self, word: str) -> list[int]:
        """Return the pieces of a word: the longest that the vocabulary has, again and again."""
        if len(word) > _LONGEST_WORD:
            return [_UNKNOWN]
        pieces, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = self._vocabulary.get(f"{'##' if start else ''}{word[start:end]}")
                if piece is not None:
                    break
            else:
                return [_UNKNOWN]
            pieces.append(piece)
            start = end
        return pieces

    # -- tokens to vectors ---------------------------------------------------------------------------------------------

    def vectors(self, rows: list[list[int]]) -> list[list[float]]:
        """Return the vector of each text that is given by its tokens."""
        import numpy as np

        ends = np.cumsum([len(row) for row in rows])
        texts = [slice(end - len(row), end) for end, row in zip(ends, rows, strict=True)]
        table = {name: self._weights[f"embeddings.{name}_embeddings.weight"] for name in _TABLES}
        x = table["word"][np.concatenate(rows)] + table["token_type"][0]
        x = self._normed(x + np.concatenate([table["position"][: len(row)] for row in rows]), "embeddings.LayerNorm")
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}"
            parts = [self._dense(x, f"{layer}.attention.self.{name}") for name in ("query", "key", "value")]
            heard = np.concatenate([_attention(*(part[text] for part in parts)) for text in texts])
            x = self._normed(
                x + self._dense(heard, f"{layer}.attention.output.dense"), f"{layer}.attention.output.LayerNorm"
            )
            inner = _gelu(self._dense(x, f"{layer}.intermediate.dense"))
            x = self._normed(x + self._dense(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        means = np.stack([x[text].mean(axis=0) for text in texts])
        found: list[list[float]] = (means / np.linalg.norm(means, axis=1, keepdims=True)).tolist()
        return found

    def _dense(self, x: Any, name: str) -> Any:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normed(self, x: Any, name: str) -> Any:
        x = x - x.mean(axis=-1, keepdims=True)
        x /= ((x * x).mean(axis=-1, keepdims=True) + _EPSILON) ** 0.5
        return x * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


_TABLES = ("word", "token_type", "position")


def _attention(*parts: Any) -> Any:
    """Return what each token of one text hears from the others, by its query and their keys and values."""
    import numpy as np

    query, key, value = (part.reshape(len(part), HEADS, -1).transpose(1, 0, 2) for part in parts)
    scores = query @ key.transpose(0, 2, 1) / query.shape[-1] ** 0.5
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    return (scores @ value).transpose(1, 0, 2).reshape(parts[0].shape)


def _gelu(x: Any) -> Any:
    """Return the GELU of numbers, with the error function of Abramowitz and Stegun, 7.1.26, which errs by 4e-7 here."""
    import numpy as np

    size = np.abs(x) * 0.5**0.5
    t = 1 / (1 + 0.3275911 * size)
    rest = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    return 0.5 * x * (1 + np.copysign(1 - rest * np.exp(-size * size), x))


class _Normal(dict[int, str]):
    """What becomes of each character before a text is split into words; found out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _normal(chr(code))
        return found


def _normal(character: str) -> str:
    kind = unicodedata.category(character)
    if character in "\t\n\r" or kind.startswith("Z"):
        return " "
    if character == "\ufffd" or kind in {"Cc", "Cf", "Co", "Cs"}:
        return ""
    parts = "".join(
        part.lower() for part in unicodedata.normalize("NFD", character) if unicodedata.category(part) != "Mn"
    )
    spaced = "".join(f" {part} " if _is_mark(part) else part for part in parts)
    return f" {spaced} " if any(low <= ord(character) <= high for low, high in _IDEOGRAPHS) else spaced


def _is_mark(character: str) -> bool:
    """Tell whether a character is a word of its own: punctuation, and what ASCII has besides letters and digits."""
    return unicodedata.category(character).startswith("P") or (character.isascii() and not character.isalnum())


_NORMAL = _Normal()
_loaded: dict[Path, MiniLM] = {}
_loading = threading.Lock()


def _load() -> MiniLM:
    """Return the model; it is loaded once."""
    entry = weights.find(weights.EMBEDDER)
    with _loading:
        if entry.path not in _loaded:
            _loaded[entry.path] = MiniLM(weights.verified(entry), entry.beside[0].path)
        return _loaded[entry.path]
