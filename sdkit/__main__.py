"""`python -m sdkit`: prepares a bare checkout, then hands over to `sdkit.cli`.

Standard library only. This file has to parse on Pythons that are too old, to be able to say so: no f-strings here.
"""

from __future__ import print_function

import contextlib
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(HERE, ".venv")
OLD = VENV + ".old"
MADE = os.path.join(VENV, ".sdkit-made")  # this .venv is of our making, so we may take it away again
BUILDING = os.path.join(VENV, ".sdkit-building")  # there while the .venv is unfinished
READY = os.path.join(VENV, ".sdkit-ready")  # what was installed, once all of it was
EXTRAS = {"lab": "lab,factory,scale", "test": "lab,factory,scale,test"}
NEEDS = {"lab": "jupyterlab", "test": "pytest"}
HELP = (
    "python3 -m sdkit lab   installs what the workshop needs into .venv, and opens it\n"
    "python3 -m sdkit test  does the same and runs the tests; further arguments go to pytest\n"
    "After the first of them, --help shows more."
)
TOO_OLD = (
    "sdkit needs Python 3.11 or newer, and this is %d.%d: install a newer one (Debian, Ubuntu: sudo apt install "
    "python3.11-venv; macOS: brew install python@3.12; Windows: winget install Python.Python.3.12) and run it as "
    "python3.11 -m sdkit lab"
)
NO_VENV = (
    "This Python cannot make virtual environments: install its venv package (Debian, Ubuntu: sudo apt install "
    "python3-venv) and run the same command again."
)


def main():
    """Run the command line, in an environment that has what it needs."""
    if sys.version_info < (3, 11):
        sys.exit(TOO_OLD % sys.version_info[:2])
    command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    if not os.path.isfile(os.path.join(HERE, "pyproject.toml")) or (not in_venv() and has_all_for(command)):
        return run_here()
    if command in EXTRAS and not is_ready(EXTRAS[command]):
        if {"-h", "--help"} & set(sys.argv[1:]):
            sys.exit(HELP)
        try:
            with one_at_a_time():
                if not is_ready(EXTRAS[command]):
                    prepare(EXTRAS[command])
        except KeyboardInterrupt:
            sys.exit("\nInterrupted. The same command goes on where this one stopped.")
        except OSError as error:
            sys.exit("The environment in .venv cannot be made: %s" % error)
    elif not os.path.isfile(READY):
        sys.exit("Nothing is installed yet. This does it, and opens the workshop: python3 -m sdkit lab")
    if in_venv():
        return run_here()
    arguments = [venv_python(), "-m", "sdkit"] + sys.argv[1:]
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(arguments[0], arguments)
    child = subprocess.Popen(arguments)
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # the child got it too, and ends in order
            sys.exit(child.wait())


def run_here():
    """Hand over to the command line in this process."""
    from sdkit.cli import main as run

    return run()


def in_venv():
    """Tell whether this Python is the one of our .venv."""
    return os.path.realpath(sys.prefix) == os.path.realpath(VENV)


def has_all_for(command):
    """Tell whether sdkit was installed into this Python by other means, with what the command needs."""
    import importlib.util
    from importlib import metadata

    try:
        metadata.version("synthetic-dialogue-kit")
    except metadata.PackageNotFoundError:
        return False
    return command not in NEEDS or importlib.util.find_spec(NEEDS[command]) is not None


@contextlib.contextmanager
def one_at_a_time():
    """Let one set-up run in this folder; the lock ends with the process, however that ends."""
    with open(os.path.join(HERE, ".sdkit-setup.lock"), "w") as stream:
        try:
            if os.name == "nt":
                import msvcrt

                msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit("Another set-up is running in this folder. Wait until it is done, and run the same command again.")
        yield


def venv_python():
    """Return the path of the .venv's Python."""
    return os.path.join(VENV, "Scripts", "python.exe") if os.name == "nt" else os.path.join(VENV, "bin", "python")


def wanted():
    """Return what the .venv is made for: this folder, and the contents of the files that say what to install."""
    import hashlib

    digest = hashlib.sha256(HERE.encode("utf-8"))
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(HERE, name), "rb") as stream:
            digest.update(stream.read())
    return digest.hexdigest()


def is_ready(extras):
    """Tell whether the .venv holds these extras, as the project asks for them today."""
    if os.path.exists(BUILDING) or not os.path.isfile(READY):
        return False
    with open(READY) as stream:
        stamp, _, has = stream.read().partition(" ")
    return stamp == wanted() and set(extras.split(",")) <= set(has.split(","))


def prepare(extras):
    """Make the .venv, or mend it, and install the project into it."""
    import importlib.util
    import shutil
    import time

    started = time.time()
    works = os.path.isfile(venv_python()) and subprocess.call([venv_python(), "-c", ""]) == 0
    ours = os.path.exists(MADE)
    if os.path.isdir(VENV) and not in_venv() and (not works or (ours and os.path.exists(BUILDING))):
        if not ours and os.listdir(VENV):
            sys.exit("The folder .venv is not ours and has no working Python: move it away, and run this again.")
        print("The last set-up was interrupted; starting it afresh.")
        shutil.rmtree(OLD, ignore_errors=True)
        os.rename(VENV, OLD)  # first of all: an interruption in mid-removal leaves nothing half there under its name
        shutil.rmtree(OLD)
        works = False
    if not works:
        if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
            sys.exit(NO_VENV)
        print("Making the environment in .venv ...", flush=True)
        os.makedirs(VENV)
        touch(MADE)
        touch(BUILDING)
        command = [sys.executable, "-m", "venv", VENV]
        made = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
        )
        if made.returncode:
            told = made.stdout.strip().splitlines() or ["python -m venv failed"]
            sys.exit(NO_VENV if "ensurepip" in made.stdout else "The environment cannot be made: %s" % told[-1])
    touch(BUILDING)
    if os.path.isfile(READY):
        with open(READY) as stream:  # what is there already stays: `lab` after `test` keeps the test tools up to date
            extras = ",".join(sorted(set(stream.read().partition(" ")[2].split(",")) | set(extras.split(","))))
        os.remove(READY)
    print("Installing JupyterLab and what the lessons need (about 150 MB to fetch) ...", flush=True)
    install(extras)
    with open(READY, "w") as stream:
        stream.write("%s %s" % (wanted(), extras))
    os.remove(BUILDING)
    print("Installed in %.0f s." % (time.time() - started), flush=True)


def install(extras):
    """Let pip install the project with the versions that the lessons were tested with."""
    log = os.path.join(VENV, "sdkit-install.log")
    command = [venv_python(), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--retries", "2"]
    command += ["--constraint", os.path.join(HERE, "constraints.txt"), "--editable", "%s[%s]" % (HERE, extras)]
    fetched = 0
    pip = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    )
    with open(log, "w", encoding="utf-8") as output:
        for line in pip.stdout:
            output.write(line)
            fetched += line.startswith("Collecting ")
            if sys.stdout.isatty():
                print("\r  %d packages" % fetched, end="", flush=True)
    pip.wait()
    if sys.stdout.isatty():
        print("\r" + " " * 20 + "\r", end="")
    if pip.returncode:
        with open(log, encoding="utf-8") as stream:
            lines = stream.read().splitlines()
        nothing_found = any("No matching distribution" in line or "Could not find a version" in line for line in lines)
        if nothing_found and any(
            "onnection" in line or "name resolution" in line or "timed out" in line for line in lines
        ):
            sys.exit(
                "No network: the package index cannot be reached, and JupyterLab and the libraries of the lessons are "
                "not here yet; connect and run the same command again."
            )
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:]
        sys.exit("The installation failed: %s (all of it is in %s)" % (" ".join(errors[:2]), os.path.relpath(log)))


def touch(path):
    """Make an empty file."""
    with open(path, "w"):
        pass


if __name__ == "__main__":
    sys.exit(main())
