"""A PersonaEditor of 30 fields of all kinds: to build it, and from a keystroke to the checked message, in a kernel.

Cold is the first one in a new kernel, after the imports; warm the median of those that follow. A busy machine makes all
of it longer, but not the time of the CPU.
"""

from __future__ import annotations

import json
from typing import Any

from jupyter_client.manager import start_new_kernel

CODE = """
import json, statistics, time
from typing import Literal
from pydantic import BaseModel, Field
from sdkit.personas import BasePersona
from sdkit.widgets import PersonaEditor

class Home(BaseModel):
    street: str = ""
    town: str = ""

def thirty():
    kinds = [
        (str, Field("", description="what it is for")),
        (int | None, Field(None, ge=0, le=120)),
        (bool, False),
        (Literal["a", "b", "c"], "a"),
        (list[str], []),
        (Home | None, None),
    ]
    fields = {f"field_{i}": kinds[i % len(kinds)] for i in range(30)}
    names = {"__annotations__": {name: kind for name, (kind, _) in fields.items()}, "__module__": __name__}
    return type("Thirty", (BasePersona,), names | {name: default for name, (_, default) in fields.items()})

def milliseconds(do):
    began = time.perf_counter(), time.process_time()
    kept.append(do())
    return [(now - then) * 1000 for now, then in zip((time.perf_counter(), time.process_time()), began)]

def median(times):
    return [statistics.median(column) for column in zip(*times)]

def type_into(editor, number):
    control = next(c for c in editor.form.fields.children if getattr(c, "description", "") == "Field 1")
    control.set_state({"value": number})
    assert ("field_1" in editor.errors) == (int(number) > 120)

kept = []
kind = thirty()
cold = milliseconds(lambda: PersonaEditor(kind))
editors = []
warm = [milliseconds(lambda: editors.append(PersonaEditor(kind))) for _ in range(20)]
keys = [milliseconds(lambda: type_into(editors[0], str(100 + i))) for i in range(40)]
print(json.dumps({
    "form of 30 fields, cold": cold,
    "form of 30 fields, warm": median(warm),
    "edit to message, in the kernel": median(keys),
}))
"""


def main() -> None:
    manager, client = start_new_kernel()
    printed: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])
        if message["msg_type"] == "error":
            raise SystemExit("\n".join(message["content"]["traceback"]))

    try:
        client.execute_interactive(CODE, output_hook=hear, timeout=120)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    print(f"{'':<34}{'ms':>8}{'of CPU':>8}")
    for name, (elapsed, busy) in json.loads("".join(printed)).items():
        print(f"{name:<34}{elapsed:>8.1f}{busy:>8.1f}")


if __name__ == "__main__":
    main()
