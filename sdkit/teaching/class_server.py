"""The page about one Ollama for a whole class."""

from __future__ import annotations

from sdkit.exercises.outcome import joined
from sdkit.llm import embedded, providers
from sdkit.llm.retries import CROWDED_GROWTH, CROWDED_PAUSE, CROWDED_TRIES, LONGEST_PAUSE, TIMEOUT, TRIES
from sdkit.teaching.classroom import FILE, FOLDER, Classroom

_MODEL, _ADDRESS = "qwen2.5:14b", "http://192.168.1.20:11434"  # examples, where the class has named none


def page(room: Classroom) -> str:
    """Return the page as Markdown: how to set the server up, point everybody at it, and what to expect."""
    own = bool(room.model) and not (embedded.is_embedded(room.model) or providers.split(room.model)[0])
    missing = [*([] if own else ["model of Ollama's"]), *([] if room.server else ["server"])]
    example = f" {FILE} names no {joined(missing, 'and no')} so far: what stands here is an example." if missing else ""
    return _PAGE.format(
        model=room.model if own else _MODEL,
        address=room.server or _ADDRESS,
        example=example,
        file=FILE,
        folder=FOLDER,
        more=TRIES - 1,
        busy=CROWDED_TRIES - 1,
        timeout=TIMEOUT,
        pause=LONGEST_PAUSE,
        first=CROWDED_PAUSE,
        second=CROWDED_PAUSE * CROWDED_GROWTH,
    )


_PAGE = """\
# One Ollama for the class

You need this page only if students shall get better live answers than the small model inside Python gives. With
recorded answers, the lessons need no server.

Here, `{model}` answers at `{address}`.{example}

## The evening before, on the server

1. Fetch the model. It takes minutes to hours, depending on the line, and nobody can do it in class:

       ollama pull {model}

2. Set these environment variables of the server, then start it again:

   | variable | value | why |
   |---|---|---|
   | `OLLAMA_HOST` | `0.0.0.0:11434` | by default it listens to its own machine only (127.0.0.1:11434) |
   | `OLLAMA_NUM_PARALLEL` | `4` | how many requests a model answers at once; by default 1 (older versions: 1 or 4) |
   | `OLLAMA_CONTEXT_LENGTH` | `8192` | tokens of prompt and answer; memory grows with this times the one above |
   | `OLLAMA_MAX_QUEUE` | `512` | how many may wait; that is the default; whoever comes after that gets a 503 |
   | `OLLAMA_KEEP_ALIVE` | `12h` | by default a model leaves the memory after 5 idle minutes; a break is longer |

   As a service on Linux: `systemctl edit ollama.service`, a line `Environment="OLLAMA_NUM_PARALLEL=4"` for each of
   them under `[Service]`, then `systemctl daemon-reload` and `systemctl restart ollama`. On macOS: `launchctl setenv
   OLLAMA_NUM_PARALLEL 4` and so on, then start Ollama again. On Windows: quit Ollama, set them as environment variables
   of your account, start it. By hand:

       OLLAMA_HOST=0.0.0.0:11434 OLLAMA_NUM_PARALLEL=4 OLLAMA_CONTEXT_LENGTH=8192 OLLAMA_KEEP_ALIVE=12h ollama serve

3. Load the model, and look where it is. Part of it on the CPU means slow answers: take a smaller model, or answer fewer
   at once.

       ollama run {model} ""
       ollama ps

4. Open port 11434 in the firewall for the class's network, and for nothing else: Ollama asks for no password. Whoever
   reaches it can use it, and delete models.

## On the students' machines

Give them a folder `{folder}` with `{file}` in it (and the translated hints, if there are any; not `answers.md`), to
put into the folder of the workshop. With these two lines in that file, `python3 -m sdkit lab` uses both:

    model: "{model}"
    server: "{address}"

What the environment says goes first, so this does the same on one machine:

    OLLAMA_HOST={address} SDKIT_MODEL={model} python3 -m sdkit lab

(Windows: `set OLLAMA_HOST={address}` and `set SDKIT_MODEL={model}` before it.)
`python3 -m sdkit lab` prints whether the server answers; `curl {address}/api/tags` lists its models.

Let all use one model. A second one has to fit into the memory beside the first, or they push each other out.

## How long will they wait?

Measure it, with your model on your server: let one person run a live cell, and take the time. If an answer takes 10
seconds alone, and 30 students ask at once, 4 at a time, the last one waits about 30 / 4 × 10 = 75 seconds; more, since
four at a time are each slower than one alone. If that is too long: a smaller model, or groups. Lessons as they are
printed ask no server.

## What the students' side does by itself

- A server that is busy (429, 503, 529) is asked again, up to {busy} more times, after about {first:g} seconds,
  {second:g}, and so on up to a minute; each of these a random bit longer or shorter, so that 30 students do not come
  back at once. One that fails (500, 502, 504) is asked up to {more} more times, after half a second, one, two.
- If the server says when to come back (Retry-After), that is kept to, up to {pause:g} seconds. Whoever came then, and
  was sent away again, waits longer than it says.
- A server may stay silent for {timeout:g} seconds, so that is how long somebody can wait in its queue. The environment
  variable `SDKIT_TIMEOUT` sets other seconds.
- Then the cell says in words what happened. Run it again; batches go on where they stopped.
"""
