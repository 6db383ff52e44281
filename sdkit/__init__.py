"""sdkit: generate synthetic dialogues with language models, and learn how in Jupyter.

The public names are resolved on first use (PEP 562), so that ``import sdkit`` costs next to nothing.
"""
# This file has to parse on Pythons that are too old for the rest: see __main__.py.

__version__ = "0.1.0"

_HOMES = {
    "Dialog": "sdkit.dialog",
    "Event": "sdkit.dialog",
    "Provenance": "sdkit.dialog",
    "Turn": "sdkit.dialog",
    "BasePersona": "sdkit.personas",
    "Persona": "sdkit.personas",
    "DialogGenerator": "sdkit.generators",
    "PersonaAgent": "sdkit.agents",
    "PersonaDialogGenerator": "sdkit.generators",
    "ask": "sdkit.llm",
    "chat_model": "sdkit.llm",
    "default_model": "sdkit.llm",
    "SdkitError": "sdkit.errors",
}

__all__ = [
    "BasePersona",
    "Dialog",
    "DialogGenerator",
    "Event",
    "Persona",
    "PersonaAgent",
    "PersonaDialogGenerator",
    "Provenance",
    "SdkitError",
    "Turn",
    "__version__",
    "ask",
    "chat_model",
    "default_model",
]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError("module 'sdkit' has no attribute %r" % name)
    import importlib

    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(set(globals()) | set(_HOMES))
