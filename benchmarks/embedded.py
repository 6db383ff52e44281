"""The embedded model through `DialogGenerator` against the bare runtime: the same prompt, schema, options and seeds.

Prints tokens a second of both, in turn, and the memory of the process over many dialogues.
"""

from __future__ import annotations

import argparse
import statistics
import time

import psutil

from sdkit.generators import DialogGenerator
from sdkit.llm import embedded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded:smollm2-135m")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--dialogues", type=int, default=200)
    options = parser.parse_args()

    generator = DialogGenerator(options.model, "Ana and Tom order pizza together.", speakers=["Ana", "Tom"])
    runtime = embedded.load(options.model)
    roles = {"system": "system", "human": "user", "ai": "assistant"}
    messages = [{"role": roles[role], "content": text} for role, text in generator._messages(generator._settings)]
    bare_request = {
        "messages": messages,
        "grammar": runtime.grammar(generator._format.model_json_schema()),
        "cache_prompt": False,
        **embedded.SAMPLING,
    }

    def through(seed: int) -> tuple[int, float]:
        started = time.perf_counter()
        made = generator.generate(seed).provenance
        return made.completion_tokens, time.perf_counter() - started

    def bare(seed: int) -> tuple[int, float]:
        started = time.perf_counter()
        reply = runtime._server.handle_chat_completions(bare_request | {"seed": seed})
        return reply["usage"]["completion_tokens"], time.perf_counter() - started

    through(0), bare(0)
    rates: dict[str, list[float]] = {"through": [], "bare": []}
    for seed in range(options.pairs):
        for name, run in (("through", through), ("bare", bare)) if seed % 2 else (("bare", bare), ("through", through)):
            tokens, seconds = run(seed)
            rates[name].append(tokens / seconds)
    ratios = [a / b for a, b in zip(rates["through"], rates["bare"], strict=True)]
    print(f"bare runtime               {statistics.median(rates['bare']):8.1f} tokens/s")
    print(f"DialogGenerator            {statistics.median(rates['through']):8.1f} tokens/s")
    print(f"ratio, median of {options.pairs} pairs   {statistics.median(ratios):8.3f}")

    memory = psutil.Process().memory_info
    for number in range(options.dialogues + 1):
        if number % max(1, options.dialogues // 8) == 0:
            print(f"after {number:4} dialogues      {memory().rss / 1e6:8.0f} MB", flush=True)
        generator.generate(number)


if __name__ == "__main__":
    main()
