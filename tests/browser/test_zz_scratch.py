from .test_dialog_review import *


def test_x(notebook, file):
    root = shown(notebook, file)
    js = "() => { const e=document.querySelector('.sdkit-review-turns'); e.dataset.mark ??= Math.random(); const p=document.querySelector('.jp-WindowedPanel-outer'); return [e.scrollTop, e.dataset.mark, p && p.scrollTop, document.querySelectorAll('.sdkit-review-turns').length] }"
    turns = root.get_by_role("region", name="Turns")
    turns.focus(); notebook.page.keyboard.press("End"); notebook.page.wait_for_timeout(500)
    print(notebook.page.evaluate(js))
    press(root, "Next"); notebook.page.wait_for_timeout(1000)
    print(notebook.page.evaluate(js))
    root.get_by_role("button", name="Next", exact=True).focus()
    print(notebook.page.evaluate(js))
    notebook.screenshot("scratch")
