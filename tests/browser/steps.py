"""What people do with a widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def field(root: Locator, label: str) -> Locator:
    """Return the control of this label."""
    return root.get_by_label(label, exact=True)


def press(root: Locator, button: str) -> None:
    """Press the button of this name."""
    root.get_by_role("button", name=button, exact=True).click()
