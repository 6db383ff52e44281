"""One HTML file that needs nothing else: no network, no script; light and dark; printed well."""

from __future__ import annotations

import html

# The browser itself keeps the page from fetching or running anything.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

_STYLE = """
:root { color-scheme: light dark; --text: #1b1b1b; --soft: #555; --back: #fff; --box: #f5f5f2; --line: #bbb;
  --link: #0550ae; --red: #a40e26; --green: #116329; --yellow: #7d4e00; --blue: #0550ae; --magenta: #7a2e9c;
  --cyan: #0b5b66; }
@media screen and (prefers-color-scheme: dark) { :root { --text: #e8e8e6; --soft: #b0b0ac; --back: #1b1b1d;
  --box: #28282b; --line: #555; --link: #8ab8ff; --red: #ff9b9b; --green: #86d993; --yellow: #e5c07b; --blue: #8ab8ff;
  --magenta: #dda8f5; --cyan: #7fd6e0; } }
body { margin: 0 auto; padding: 1rem; max-width: 52rem; color: var(--text); background: var(--back);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
h1, h2, h3 { line-height: 1.25; margin: 1.6em 0 0.5em; }
h1 { margin-top: 0.4em; }
a { color: var(--link); }
table { border-collapse: collapse; margin: 0.8em 0; font-size: 0.9rem; }
th, td { border: 1px solid var(--line); padding: 0.25em 0.5em; text-align: left; vertical-align: top; }
.wide { overflow-x: auto; }
code, pre, kbd { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 0.88rem; }
@media print { :root { color-scheme: only light; }
  body { max-width: none; padding: 0; font-size: 10.5pt; } nav { display: none; }
  h1, h2, h3 { break-after: avoid; } tr, img, svg, figure { break-inside: avoid; } }
"""


def page(title: str, body: str, style: str = "", head: str = "") -> str:
    """Return a whole page.

    Parameters
    ----------
    title
        Its title, as text.
    body
        What is in it, as HTML.
    style
        More style, after that of all pages.
    head
        More for the page's head, as HTML.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{head}<title>{html.escape(title)}</title>\n<style>{_STYLE}{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
