"""`python3 -m sdkit lab --check` in a fresh clone, without an environment and without caches, and then again.

Needs the network, and git. Prints the times, the installed size and the number of direct dependencies.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clone, cache = Path(folder) / "clone", Path(folder) / "cache"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "SDKIT_CACHE", "VIRTUAL_ENV"}}
        environment |= {"XDG_CACHE_HOME": str(cache)}
        base = getattr(sys, "_base_executable", sys.executable)
        for run in ("first", "second"):
            started = time.perf_counter()
            result = subprocess.run(
                [base, "-m", "sdkit", "lab", "--check"], cwd=clone, env=environment, capture_output=True, text=True
            )
            seconds = time.perf_counter() - started
            print(result.stdout if run == "first" else "", result.stderr)
            answered = re.search(r"answered after ([\d.]+) s", result.stdout)
            print(f"{run} run: exit code {result.returncode}, {seconds:.1f} s; JupyterLab answered after "
                  f"{answered[1] if answered else '?'} s", flush=True)  # fmt: skip
        size = sum(file.lstat().st_size for file in (clone / ".venv").rglob("*") if not file.is_dir())
        print(f"installed: {size / 1e6:.0f} MB")
        project = tomllib.loads((clone / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        print(f"direct dependencies of the core: {len(project['dependencies'])}")


if __name__ == "__main__":
    main()
