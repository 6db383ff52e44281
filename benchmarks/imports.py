"""Import time over a bare interpreter, the median of several fresh processes each."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 11
CODES = {
    "bare interpreter": "pass",
    "import sdkit": "import sdkit",
    "from sdkit import Dialog": "from sdkit import Dialog",
}


def seconds(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in CODES}
    for _ in range(RUNS):
        for name, code in CODES.items():  # in turn, so that a busy moment hits all of them
            times[name].append(seconds(code))
    bare = statistics.median(times["bare interpreter"])
    print(f"{'':<26}{'median ms':>10}{'over bare':>11}")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:<26}{median * 1000:>10.1f}{(median - bare) * 1000:>11.1f}")


if __name__ == "__main__":
    main()
