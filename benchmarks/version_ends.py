"""The test suite with the oldest and with the newest versions that `pyproject.toml` allows.

Makes an environment for each in a temporary folder; needs the network. Arguments go to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENDS = {"oldest": "lowest-direct", "newest": "highest"}
SHOWN = ("pydantic", "langchain-core", "langchain-ollama", "httpx", "cyclopts", "jupyterlab", "pandas", "xllamacpp")


def main() -> int:
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        tools = Path(folder) / "tools"
        subprocess.run([sys.executable, "-m", "venv", str(tools)], check=True)
        scripts = "Scripts" if os.name == "nt" else "bin"
        subprocess.run([str(tools / scripts / "python"), "-m", "pip", "install", "--quiet", "uv"], check=True)
        uv = str(tools / scripts / "uv")
        for end, resolution in ENDS.items():
            environment = Path(folder) / end
            python = str(environment / scripts / "python")
            subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(environment)], check=True)
            install = [uv, "pip", "install", "--quiet", "--python", python, "--resolution", resolution]
            subprocess.run([*install, "--editable", f"{ROOT}[lab,test]", "pip>=23.2"], check=True)
            code = (
                f"from importlib.metadata import version as v; print(*(f'{{n}} {{v(n)}}' for n in {SHOWN}), sep=', ')"
            )
            print(f"{end}:", subprocess.check_output([python, "-c", code], text=True).strip(), flush=True)
            failed |= subprocess.call([python, "-m", "pytest", "-q", *sys.argv[1:]], cwd=ROOT)
    return failed


if __name__ == "__main__":
    sys.exit(main())
