"""Where the nodes and arrows of a flowchart are drawn.

A node has one successor at most, so that each connected piece of a chart is a tree that flows together, perhaps with
one edge back. Such a tree can be drawn without crossings: layers from top to bottom, a column for each branch.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sdkit import rendering

if TYPE_CHECKING:
    from sdkit.flowchart import Flowchart

Point = tuple[float, float]

BOX_WIDTH = 184.0
LETTER = 7.3  # the width of a letter of a monospaced font of 12 px, the widest of the usual ones
LETTERS = 22  # of a line in a box
LINES = 4  # of a label: what is longer ends in "…", and is whole in the table
LINE = 15.0
PADDING = 8.0
GAP = 34.0  # between layers: arrows need room, and those that merge too
COLUMN = BOX_WIDTH + 22.0
STUB = 26.0  # the length of a loose end
LANE = 18.0  # beside a piece, for its edge back
MAX_WIDTH = 5 * COLUMN
BETWEEN = 12.0  # below a piece
MARGIN = 6.0


@dataclass
class Box:
    """A node in its place; `x` and `y` are its left upper corner, in pixels."""

    node: str
    lines: list[str]
    step: list[str]
    x: float = 0.0
    y: float = 0.0

    @property
    def height(self) -> float:
        """In pixels."""
        return LINE * (len(self.lines) + len(self.step)) + 2 * PADDING

    @property
    def top(self) -> Point:
        """Where arrows come in."""
        return self.x + BOX_WIDTH / 2, self.y

    @property
    def bottom(self) -> Point:
        """Where arrows leave."""
        return self.x + BOX_WIDTH / 2, self.y + self.height


@dataclass
class _Piece:
    """A connected piece of a chart: each node's column and layer, and its edge back."""

    cells: dict[str, tuple[int, int]] = field(default_factory=dict)
    back: tuple[str, str] | None = None
    boxes: dict[str, Box] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0

    def place(self, boxes: dict[str, Box], loose: Sequence[str]) -> None:
        """Give the boxes their places, those of a layer in a row as high as the highest of them."""
        self.boxes = {node: boxes[node] for node in self.cells}
        room = STUB if self.back or any(node in self.cells for node in loose) else 0.0
        y = room
        for layer in range(1 + max(layer for _, layer in self.cells.values())):
            row = [(column, self.boxes[node]) for node, (column, at) in self.cells.items() if at == layer]
            for column, box in row:
                box.x, box.y = column * COLUMN, y
            y += max(box.height for _, box in row) + GAP
        self.height = y - GAP + room + BETWEEN
        self.width = COLUMN * (1 + max(column for column, _ in self.cells.values())) + (LANE if self.back else 0.0)


@dataclass
class Layout:
    """Where everything is, in pixels."""

    boxes: dict[str, Box]
    arrows: dict[tuple[str, str], list[Point]]
    stubs: list[tuple[Point, Point, bool]]  # from, to, and whether it leads to a box (or away from one)
    width: float
    height: float


def layout(chart: Flowchart, path: Sequence[str] = ()) -> Layout:
    """Place the nodes of a chart so that no two overlap and no arrow crosses a node."""
    steps = chart.steps(path)
    boxes = {node: Box(node, label_lines(node), _wrap(steps.get(node, ""), 3)) for node in chart.nodes}
    pieces = _pieces(chart)
    for piece in pieces:
        piece.place(boxes, chart.loose_ends)
    width, height = _pack(pieces)
    arrows: dict[tuple[str, str], list[Point]] = {}
    for piece in pieces:
        right = min(box.x for box in piece.boxes.values()) + piece.width - 22.0
        for source, target in ((node, chart.graph[node]) for node in piece.cells if node in chart.graph):
            start, end = boxes[source].bottom, boxes[target].top
            turn = end[1] - GAP / 2
            if (source, target) == piece.back:
                below, above = start[1] + STUB / 2, end[1] - STUB / 2
                points = [start, (start[0], below), (right, below), (right, above), (end[0], above), end]
            else:
                points = [start, end] if start[0] == end[0] else [start, (start[0], turn), (end[0], turn), end]
            arrows[source, target] = points
    stubs = [((x, y - STUB), (x, y), True) for x, y in (boxes[node].top for node in chart.heads)]
    stubs += [((x, y), (x, y + STUB), False) for x, y in (boxes[n].bottom for n in chart.nodes if chart.is_open(n))]
    return Layout(boxes, arrows, stubs, width, height)


def _pieces(chart: Flowchart) -> list[_Piece]:
    """Find the connected pieces, that of the start first, and each node's column and layer in them."""
    order = list(dict.fromkeys([chart.start, *chart.heads, *chart.nodes]))
    onward = dict(chart.graph)
    backs = {}
    walked_in: dict[str, str] = {}
    for first in order:  # an edge that leads back to its own walk closes a cycle: without it, the piece is a tree
        node = first
        while node not in walked_in:
            walked_in[node] = first
            target = onward.get(node)
            if target is not None and walked_in.get(target) == first:
                backs[node] = (node, onward.pop(node))
                break
            node = node if target is None else target
    # From each node to the end: how far, and which end.
    ends: dict[str, tuple[str, int]] = {}
    for first in order:
        chain = [first]
        while chain[-1] not in ends and chain[-1] in onward:
            chain.append(onward[chain[-1]])
        end, far = ends.setdefault(chain[-1], (chain[-1], 0))
        for node in reversed(chain[:-1]):
            far += 1
            ends[node] = (end, far)
    before: dict[str, list[str]] = {}
    behind = dict.fromkeys(order, 0)  # how long the longest chain to a node is
    for node in sorted(order, key=lambda node: -ends[node][1]):
        if node in onward:
            before.setdefault(onward[node], []).append(node)
            behind[onward[node]] = max(behind[onward[node]], behind[node] + 1)
    pieces: dict[str, _Piece] = {}
    for end in dict.fromkeys(ends[node][0] for node in order):
        piece = pieces[end] = _Piece(back=backs.get(end))
        columns, todo = 0, [(end, 0)]
        while todo:  # the longest chain runs straight down, each other one has the next column
            node, column = todo.pop()
            if column < 0:
                columns += 1
                column = columns
            piece.cells[node] = (column, behind[end] - ends[node][1])
            above = sorted(before.get(node, []), key=lambda node: -behind[node])
            todo += reversed([(each, column if each == above[0] else -1) for each in above])
    return list(pieces.values())


def _pack(pieces: list[_Piece]) -> Point:
    """Put the pieces side by side, small ones below each other, and return the width and height of the whole."""
    area = sum(piece.width * piece.height for piece in pieces)
    limit = max(pieces[0].height, area / MAX_WIDTH)
    while True:
        stacks: list[list[_Piece]] = []
        left: list[float] = []  # how much of the height each stack has left
        for piece in pieces:
            at = next((i for i, room in enumerate(left) if piece.height <= room), len(left))
            if at == len(left):
                stacks.append([])
                left.append(limit)
            stacks[at].append(piece)
            left[at] -= piece.height
        width = sum(max(piece.width for piece in stack) for stack in stacks)
        if width <= MAX_WIDTH or len(stacks) == 1:
            break
        limit *= 1.1
    x = MARGIN
    for stack in stacks:
        y = MARGIN
        for piece in stack:
            for box in piece.boxes.values():
                box.x, box.y = box.x + x, box.y + y
            y += piece.height
        x += max(piece.width for piece in stack)
    height = max(sum(piece.height for piece in stack) for stack in stacks)
    return width - COLUMN + BOX_WIDTH + 2 * MARGIN, height + 2 * MARGIN


def columns_of(text: str) -> int:
    """Return how wide a text is, in letters of a monospaced font."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) > 0 for letter in text)


def label_lines(label: str) -> list[str]:
    """Break a node's label into lines that fit its box, at "_" and blanks where possible."""
    return _wrap(rendering.shown(label), LINES)


def _wrap(text: str, most: int) -> list[str]:
    lines = [""] if text else []
    for part in re.findall(r"[^_ ]*[_ ]|[^_ ]+", text[: LETTERS * most]):
        if columns_of(lines[-1] + part.rstrip()) > LETTERS and lines[-1]:
            lines.append("")
        for letter in part:  # a part that is longer than a line is cut anywhere
            if columns_of(lines[-1] + letter) > LETTERS:
                lines.append("")
            lines[-1] += letter
    lines = [line.strip() for line in lines]
    if len(lines) > most or len(text) > LETTERS * most:
        lines = lines[:most]  # fewer, if many letters take no room
        lines[-1] = lines[-1][: LETTERS // 2 - 1] + "…"
    return lines
