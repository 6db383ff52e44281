"""Exercises of lesson 02: structured output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.messages import AIMessage
from pydantic import BaseModel

from sdkit.exercises.steps import Mistake, Step, need

_CLASS = "class Order(BaseModel):\n    dish: str\n    "


class OrderClass(Step):
    """A class that refuses a wrong order."""

    exercise = "02-order-class"
    hints = (
        "A field is a line: its name, a colon, its type. dish: str",
        "A whole number of at least 1 is count: int = Field(ge=1)",
        'One of three words is size: Literal["small", "medium", "large"]',
    )
    stretch = "add a field extras, a list of texts, that may be left out"
    mistakes = (
        Mistake("It is no pydantic class", "class Order:\n    dish: str"),
        Mistake("A field has another name", _CLASS + "number: int\n    size: str"),
        Mistake("The size can be anything", _CLASS + "count: int = Field(ge=1)\n    size: str", 3),
        Mistake("The count can be zero", _CLASS + 'count: int\n    size: Literal["small", "medium", "large"]', 2),
    )

    def untouched(self, **answers: Any) -> bool:
        kind = answers["Order"]
        return isinstance(kind, type) and issubclass(kind, BaseModel) and not kind.model_fields

    def check(self, Order: type[Any]) -> str:
        need(issubclass(Order, BaseModel), "a class Order(BaseModel)", Order)
        need(
            {"dish", "count", "size"} <= set(Order.model_fields),
            "the fields dish, count and size",
            list(Order.model_fields),
        )
        good = {"dish": "pizza", "count": 2, "size": "large"}
        need(_takes(Order, **good), "an Order of 2 large pizzas", f"it refuses {good}")
        need(
            not _takes(Order, **good | {"size": "huge"}),
            'a size that is "small", "medium" or "large"',
            "huge is taken",
            3,
        )
        need(not _takes(Order, **good | {"count": 0}), "a count of at least 1", "0 is taken", 2)
        return "an Order takes what it should, and refuses what it should not"


class Fill(Step):
    """A model fills in the order."""

    exercise = "02-fill"
    hints = (
        "ask(request, Order, model=MODEL_NAME) returns an Order. What is the request?",
        'Say what is to be done, and then what the customer says: f"Write down this order: {customer}"',
        "The small model may need another seed: seed=1, seed=2, ... Or other words.",
    )
    stretch = "which customer could not be put into an Order at all?"
    mistakes = (
        Mistake("It is text", "order = '2 large pizzas'"),
        Mistake("It is a dict", "order = {'dish': 'pizza', 'count': 2, 'size': 'large'}"),
        Mistake("It is not what the customer wants", "order = Order(dish='pizza', count=1, size='small')", 3),
    )

    def untouched(self, **answers: Any) -> bool:
        return answers["order"] is None

    def check(self, Order: type[Any], order: Any) -> str:
        need(getattr(Order, "model_fields", None), "the class Order of the exercise before", "it has no fields so far")
        need(isinstance(order, Order), "`order` is an Order", f"a {type(order).__name__}")
        need((order.count, order.size) == (2, "large"), "two large ones, as the customer says", order, 3)
        return f"the model made {order!r} of a sentence"


def _takes(kind: Any, **values: Any) -> bool:
    try:
        kind(**values)
    except ValueError:
        return False
    return True


class Cut(Step):
    """Is this reply whole?"""

    exercise = "02-cut"
    hints = (
        "Section 5 looks at reply.response_metadata. It is a dict.",
        'Under "done_reason", it says why the model stopped. Which word says that it was cut?',
        'return reply.response_metadata.get("done_reason") == "length"',
    )
    stretch = "what would your function say to a reply of another provider, which calls it finish_reason?"
    mistakes = (
        Mistake("It says that each reply is cut", "def is_cut(reply):\n    return True", 2),
        Mistake(
            "It says so of whole ones",
            "def is_cut(reply):\n    return reply.response_metadata['done_reason'] == 'stop'",
            2,
        ),
        Mistake(
            "It says why, and not whether", "def is_cut(reply):\n    return reply.response_metadata['done_reason']"
        ),
    )

    def untouched(self, **answers: Any) -> bool:
        is_cut = answers["is_cut"]
        return callable(is_cut) and all(is_cut(_reply(why)) is None for why in ("stop", "length"))

    def check(self, is_cut: Callable[[AIMessage], bool]) -> str:
        for why, wanted in (("length", True), ("stop", False)):
            said = is_cut(_reply(why))
            need(isinstance(said, bool), "True or False", said)
            need(said is wanted, f"{wanted} for a reply that {'was cut' if wanted else 'is whole'}", said, 2)
        return "your function tells a cut reply from a whole one"


def _reply(why: str) -> AIMessage:
    return AIMessage(content="Once upon a", response_metadata={"done_reason": why})
