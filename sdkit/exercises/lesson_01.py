"""Exercises of lesson 01: dialogues as objects."""

from __future__ import annotations

from sdkit.dialog import Dialog
from sdkit.exercises.steps import Mistake, Step, need


class Order(Step):
    """A guest orders, a waiter answers."""

    exercise = "01-order"
    hints = (
        "A dialogue is made of turns: Dialog(turns=[...]). Section 1 has one.",
        'A turn has a speaker and a text: Turn(speaker="Guest", text="A coffee, please.")',
        "Three turns: the guest orders, the waiter asks something, the guest answers. Mind the commas between them.",
    )
    stretch = "let a second guest join in, and look at order.speakers again"
    mistakes = (
        Mistake("The turns are not in a Dialog", "order = [Turn(speaker='Guest', text='Tea!')] * 3"),
        Mistake("There are fewer than three turns", "order = Dialog(turns=[Turn(speaker='Guest', text='Tea!')])", 3),
        Mistake("Only one speaks", "order = Dialog(turns=[Turn(speaker='Guest', text=t) for t in 'abc'])", 2),
    )

    def check(self, order: Dialog) -> str:
        need(len(order) >= 3, "three turns or more", f"{len(order)} of them", 3)
        need(len(order.speakers) == 2, "two speakers", order.speakers, 2)
        return f"{len(order)} turns between {order.speakers[0]} and {order.speakers[1]}"


class File(Step):
    """There and back again: a file."""

    exercise = "01-file"
    hint_for_type = 2
    hints = (
        'A dialogue saves itself: order.to_file("output/order.json")',
        'Dialog reads one: order_again = Dialog.from_file("output/order.json")',
    )
    stretch = 'save it as "output/order.txt", and see what is lost'
    mistakes = (
        Mistake("It has a second name, and was never saved", "order_again = order", 2),
        Mistake("It was loaded as plain data", "order_again = order.json()", 2),
        Mistake("Another one was loaded", "order_again = Dialog(turns=[Turn(speaker='A', text='B')])"),
    )

    def check(self, order: Dialog, order_again: Dialog) -> str:
        need(order_again is not order, "a dialogue that comes from a file", "the same object with a second name", 2)
        need(order_again == order, "the dialogue that you saved", order_again)
        return "the file holds the same dialogue"


class Talker(Step):
    """Who says most."""

    exercise = "01-talker"
    hints = (
        "shop.word_counts() is a dict: for each speaker, how many words.",
        "max(counts, key=counts.get) is the key of a dict that has the largest value.",
    )
    stretch = "who says most per turn?"
    mistakes = (
        Mistake("It is a number", "talker = max(shop.word_counts().values())", 2),
        Mistake("Nobody of that name speaks", "talker = 'Ana'"),
        Mistake("It is the one with more turns", "talker = 'Ben'", 2),
    )

    def check(self, shop: Dialog, talker: object) -> str:
        counts = shop.word_counts()
        need(isinstance(talker, str), "`talker` is a name", talker, 2)
        need(talker in counts, f"one of the speakers, {' or '.join(map(str, counts))}", talker)
        need(counts[talker] == max(counts.values()), "whoever says most words", f"{talker}, {counts[talker]} words", 2)  # type: ignore[index]
        return f"{talker} says most, {counts[talker]} words"  # type: ignore[index]
