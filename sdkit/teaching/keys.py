"""Keys of providers, asked for in a notebook without ever standing in it."""

from __future__ import annotations

import getpass
import os

from sdkit.errors import InputError


def provider_key(name: str, ask: bool = False) -> bool:
    """Say whether a key is in the environment of this notebook; with `ask`, ask for one that is not.

    What is typed is not shown, and kept nowhere but in the memory of this notebook's kernel.

    Parameters
    ----------
    name
        The environment variable, such as "OPENAI_API_KEY".
    ask
        Whether to ask. A lesson does not, so that running all of its cells never waits for anybody.

    Returns
    -------
    bool
        Whether it is there now.

    Raises
    ------
    InputError
        The name is none of an environment variable.
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise InputError(f'{name!r} is no environment variable; give one such as "OPENAI_API_KEY"')
    if not os.environ.get(name, "").strip() and ask:
        try:
            typed = getpass.getpass(f"{name}: ").strip()
        except (EOFError, RuntimeError, OSError):  # nobody is there to type: the notebook is run by a program
            typed = ""
        if typed:
            os.environ[name] = typed
    there = bool(os.environ.get(name, "").strip())
    rest = "" if there else f'. To type one in: provider_key("{name}", ask=True). You can do without'
    print(f"{name} is {'set' if there else 'not set'}{rest}.")
    return there
