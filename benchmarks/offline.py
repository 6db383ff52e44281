"""All lessons, strictly compared and replayed, in a network namespace with nothing but loopback. Linux only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What `ip link set lo up` does, for machines without `ip`; then to see that nothing else is there.
LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))
    s.settimeout(2)
    try:
        socket.create_connection(("1.1.1.1", 443), 2)
    except OSError as error:
        print("outside:", error, flush=True)
    else:
        sys.exit("there is a network")
os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q", "notebooks", *sys.argv[1:]])
"""


def main() -> int:
    cells = with_output = ignored = 0
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                cells += 1
                with_output += bool(cell["outputs"])
                ignored += any(tag.startswith("nbval") for tag in cell["metadata"].get("tags", []))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SDKIT")}
    environment |= {"SDKIT_LLM": "replay", "SDKIT_CACHE": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    command = ["unshare", "-rn", sys.executable, "-c", LOOPBACK_UP, *sys.argv[1:]]
    started = time.perf_counter()
    code = subprocess.call(command, cwd=ROOT, env=environment)
    seconds = time.perf_counter() - started
    print(f"{cells} code cells, {with_output} with output, {ignored} not compared; {seconds:.1f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
