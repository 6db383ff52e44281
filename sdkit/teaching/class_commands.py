"""The `sdkit class` and `sdkit handout` commands: each a few lines over the library."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

classes = App(name="class", help="Teach a class: an instructor's pack, and how far everybody is.")


@classes.command
def init(folder: Path = Path("class")) -> None:
    """Write an instructor's pack: settings, a plan, answers, common mistakes, a page about one Ollama for all.

    Parameters
    ----------
    folder
        Where to. A class.yaml that is there stays as it is, and the other files are made anew from it. Without
        one, no file that is there is replaced.
    """
    from sdkit.teaching import class_pack

    print("\n".join(class_pack.write(folder)))


@classes.command
def export(file: Path | None = None) -> None:
    """Write your progress with the exercises into one small file, without names and answers, to hand in.

    Parameters
    ----------
    file
        Where to, a .json file; by default in output/exercises.
    """
    from sdkit.teaching import class_export

    print("\n".join(class_export.write(file)))


@classes.command
def summary(folder: Path, *, output: Path | None = None) -> None:
    """Show where a class is: who is stuck where, from the files that students have handed in.

    Parameters
    ----------
    folder
        The folder with the files.
    output
        Where to write the report for a browser; by default summary.html in that folder.
    """
    from sdkit.files import write_text
    from sdkit.teaching import class_report, class_summary

    found = class_summary.read(folder)
    print(class_summary.text(found))
    output = output or folder / "summary.html"
    write_text(output, class_report.page(found))
    print(f"\nThe same for a browser: {output}")


def handout(*lessons: str, output: Path = Path("output/handout"), pdf: bool = False) -> None:
    """Turn lessons into pages to read without running anything: each one file, that needs no network.

    Parameters
    ----------
    lessons
        Numbers such as 03, or files; all lessons if none are given.
    output
        The folder for the pages. Only pages that this command has made are replaced in it.
    pdf
        Make a PDF of each as well; that takes a Chromium.
    """
    from sdkit.teaching import handout as the_handout
    from sdkit.teaching import notebooks, workspace

    there = workspace.lessons(workspace.checkout())
    files = [notebooks.named(name, there) for name in lessons] or there
    for path in the_handout.write(files, output, pdf=pdf):
        print(path, flush=True)
