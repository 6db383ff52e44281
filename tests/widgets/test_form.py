"""The form engine without a browser: what each kind of field shows, takes and refuses. In a browser: tests/browser."""

from __future__ import annotations

import datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, NewType, Optional

import ipywidgets
import pytest
from pydantic import BaseModel, ConfigDict, Field, RootModel, field_validator, model_validator

from sdkit.personas import BasePersona
from sdkit.widgets.form import Form
from sdkit.widgets.form_drafts import NOT_GIVEN
from sdkit.widgets.parts import Panel

NASTY = "<script>alert(1)</script> **bold** $x$ & שלום"


class Mood(Enum):
    CALM = "calm"
    CROSS = "cross"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Address(BaseModel):
    street: str = ""
    town: str = Field(default="", min_length=2)


class Holder(Panel):
    """A fake widget around a form, for what the form needs of one."""

    def __init__(self) -> None:
        super().__init__("Holder", "sdkit-holder")

    def static_html(self) -> str:
        return ""


def form_of(kind: type[BaseModel], start: Any = None) -> Form:
    return Form(kind, start, panel=Holder())


def model(**fields: Any) -> type[BaseModel]:
    """Return a model of these fields: a type, or a type and its default."""
    types = {name: field if isinstance(field, tuple) else (field, ...) for name, field in fields.items()}
    names = {"__annotations__": {name: kind for name, (kind, _) in types.items()}, "__module__": __name__}
    return type("Made", (BaseModel,), names | {name: value for name, (_, value) in types.items() if value is not ...})


def widgets(root: Any) -> list[Any]:
    return [root, *(widget for child in getattr(root, "children", ()) for widget in widgets(child))]


def control(root: Any, label: str) -> Any:
    """Return the control of a label, the way people find it."""
    found = [widget for widget in widgets(root) if getattr(widget, "description", None) == label]
    assert len(found) == 1, f"{label}: {[w.description for w in widgets(root) if getattr(w, 'description', '')]}"
    return found[0]


def type_into(root: Any, label: str, value: Any) -> None:
    """Do what a browser does when somebody edits a control."""
    chosen = control(root, label)
    if isinstance(chosen, ipywidgets.Dropdown):
        chosen.set_state({"index": chosen._options_labels.index(value)})
    else:
        chosen.set_state({"value": value})


def alerts(root: Any) -> list[str]:
    return [w.value for w in widgets(root) if isinstance(w, ipywidgets.HTML) and 'role="alert"' in w.value]


# -- what a field gets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "label", "typed", "value"),
    [
        (str, "Field", "Ana", "Ana"),
        (str, "Field", "a\nb", "a\nb"),
        (int, "Field", " 41 ", 41),
        (float, "Field", "1e3", 1000.0),
        (Decimal, "Field", "0.10", Decimal("0.10")),
        (datetime.date, "Field", "2026-11-21", datetime.date(2026, 11, 21)),
        (bool, "Field", "no", False),
        (bool | None, "Field", "yes", True),
        (Literal["a", "b"], "Field", "b", "b"),
        (Literal[1, "1"], "Field", "1", 1),
        (Mood, "Field", "cross", Mood.CROSS),
        (Level, "Field", "2", Level.HIGH),
        (Optional[Mood], "Field", "calm", Mood.CALM),  # noqa: UP045 - people write it so
        (Annotated[int, Field(ge=3)] | None, "Field", "5", 5),
        (NewType("Id", int), "Field", "5", 5),
        (list[str], "Field (one per line)", "tea\n\n  coffee ", ["tea", "coffee"]),
        (set[int], "Field (one per line)", "3\n3\n4", {3, 4}),
        (tuple[float, ...], "Field (one per line)", "1\n.5", (1.0, 0.5)),
        (list[Mood], "Field (one per line)", "calm", [Mood.CALM]),
        (list[str] | None, "Field (one per line)", "tea", ["tea"]),
        (dict[str, int], "Field (JSON)", '{"a": 1}', {"a": 1}),
        (int | str, "Field (JSON)", '"a"', "a"),
        (tuple[int, str], "Field (JSON)", '[1, "a"]', (1, "a")),
        (list[Address], "Field (JSON)", '[{"town": "Ulm"}]', [Address(town="Ulm")]),
        (RootModel[list[int]], "Field (JSON)", "[1]", RootModel[list[int]]([1])),
        (Any, "Field (JSON)", "[1, null]", [1, None]),
    ],
)
def test_every_kind_of_field_takes_what_is_typed(kind: Any, label: str, typed: str, value: Any) -> None:
    form = form_of(model(field=kind))

    type_into(form, label, typed)

    assert form.errors == {}
    assert form.value is not None
    assert (form.value.field, type(form.value.field)) == (value, type(value))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "label", "typed", "problem", "mended"),
    [
        (int, "Field", "old", "valid integer", "3"),
        (int, "Field", "9" * 5000, "exceeded maximum size", "3"),
        (float, "Field", "1,5", "valid number", "1.5"),
        (Annotated[int, Field(ge=0, le=120)], "Field", "130", "less than or equal to 120", "120"),
        (datetime.date, "Field", "yesterday", "valid date", "2026-11-21"),
        (Annotated[str, Field(max_length=3)], "Field", "four", "at most 3 characters", "for"),
        (list[int], "Field (one per line)", "1\n\nold", "entry 2: Input should be a valid integer", "1"),
        (dict[str, int], "Field (JSON)", "{", "This is not JSON: Expecting property name", "{}"),
        (dict[str, int], "Field (JSON)", "[" * 100_000, "nested too deeply", "{}"),
        (dict[str, int], "Field (JSON)", "9" * 5000, "This cannot be read", "{}"),
        (dict[str, int], "Field (JSON)", '{"a": "b"}', "a: Input should be a valid integer", "{}"),
        (list[Address], "Field (JSON)", '[{"town": ""}]', "0.town: String should have at least 2 characters", "[]"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_goes_when_it_is_mended(
    kind: Any, label: str, typed: str, problem: str, mended: str
) -> None:
    form = form_of(model(field=kind, other=(str, "")))

    type_into(form, label, typed)

    assert problem in form.errors["field"]
    assert len(alerts(form)) == 1
    assert problem in alerts(form)[0]
    assert control(form, label).value == typed, "what was typed stays"

    type_into(form, label, mended)

    assert form.errors == {}
    assert alerts(form) == []


def test_fields_come_in_the_order_in_which_they_are_declared() -> None:
    form = form_of(model(zeta=str, alpha=(int, 1), mid=(bool, False), deep=(Address, Address(town="Ulm"))))
    labels = [w.description for w in widgets(form) if getattr(w, "description", "")]
    assert [label for label in labels if "span" not in label] == ["Zeta", "Alpha", "Mid"]
    assert [label for label in labels if "Town" in label or "Street" in label] == labels[-2:]


def test_title_description_bounds_and_example_are_shown() -> None:
    field = Field(title="Years", description="since school", examples=[7], ge=0, le=50)
    form = form_of(model(n=(int, field)))

    assert control(form, "Years").placeholder == "e.g. 7"
    assert any("Needed · since school · 0 to 50" in w.value for w in widgets(form) if isinstance(w, ipywidgets.HTML))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"gt": 0}, "more than 0"),
        ({"ge": 1}, "1 or more"),
        ({"lt": 5, "ge": 1}, "1 or more, less than 5"),
        ({"le": 5}, "at most 5"),
    ],
)
def test_bounds_are_said_in_words(limits: dict[str, int], words: str) -> None:
    form = form_of(model(n=(int, Field(**limits))))
    assert any(words in w.value for w in widgets(form) if isinstance(w, ipywidgets.HTML))


# -- long texts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "start", "lines"),
    [
        (Field(""), "short", False),
        (Field(""), "x" * 81, True),
        (Field(""), "two\nlines", True),
        (Field("", max_length=120), "short", False),
        (Field("", max_length=121), "short", True),
        (Field("", json_schema_extra={"format": "long"}), "", True),
    ],
)
def test_a_long_text_gets_several_lines(field: Any, start: str, lines: bool) -> None:
    kind = model(text=(str, field))
    form = form_of(kind, kind(text=start))
    assert isinstance(control(form, "Text"), ipywidgets.Textarea if lines else ipywidgets.Text)
    assert control(form, "Text").value == start


def test_ten_thousand_characters_stay_ten_thousand() -> None:
    text = ("<script>" * 1250) + "\n$x$"
    kind = model(text=(str, ""))
    form = form_of(kind)

    type_into(form, "Text", text)

    assert form.value == kind(text=text)
    assert control(form_of(kind, form.value), "Text").value == text


# -- nothing, and defaults --------------------------------------------------------------------------------------------


def test_an_empty_control_means_not_given_and_then_none() -> None:
    kind = model(age=(int | None, None), note=(str | None, "hm"), tags=(list[str] | None, None))
    form = form_of(kind, kind(age=41))

    type_into(form, "Age", "")
    type_into(form, "Note", "")
    type_into(form, "Tags (one per line)", "\n")

    assert form.draft == {"age": NOT_GIVEN, "note": None, "tags": NOT_GIVEN}
    assert form.value == kind(age=None, note=None, tags=None)


def test_a_text_whose_default_is_not_empty_can_be_emptied() -> None:
    kind = model(language=(str, "English"), tags=(list[str], ["a"]))
    form = form_of(kind)
    assert (control(form, "Language").value, control(form, "Tags (one per line)").value) == ("English", "a")

    type_into(form, "Language", "")
    type_into(form, "Tags (one per line)", "")

    assert form.value == kind(language="", tags=[])


def test_a_number_whose_default_is_not_empty_cannot_be_left_empty() -> None:
    form = form_of(model(age=(int, 30)))
    type_into(form, "Age", "")
    assert "valid integer" in form.errors["age"]


def test_what_is_needed_stands_in_errors_at_once_but_is_no_alert_before_it_was_touched() -> None:
    form = form_of(model(name=str))
    assert form.errors == {"name": "This field is needed"}
    assert form.value is None
    assert alerts(form) == []

    type_into(form, "Name", "A")
    type_into(form, "Name", "")

    assert len(alerts(form)) == 1


def test_a_yes_or_no_without_a_default_is_not_answered_for_you() -> None:
    form = form_of(model(smoker=bool))
    assert form.errors == {"smoker": "This field is needed"}
    type_into(form, "Smoker", "no")
    assert form.value is not None
    assert form.value.smoker is False  # type: ignore[attr-defined]


def test_a_default_that_fails_or_needs_other_fields_leaves_the_control_empty() -> None:
    def fails() -> str:
        raise KeyError("no")

    form = form_of(model(name=(str, Field(default_factory=fails))))
    assert control(form, "Name").value == ""
    assert "KeyError" in form.errors[""]


# -- what is kept exactly ---------------------------------------------------------------------------------------------


class Odd:
    """What no JSON can say."""


def test_a_value_that_cannot_be_shown_is_kept_as_it_is() -> None:
    kind = type(
        "Kind",
        (BaseModel,),
        {"__annotations__": {"odd": Odd, "name": str}, "model_config": ConfigDict(arbitrary_types_allowed=True)},
    )
    odd = Odd()
    form = form_of(kind, kind(odd=odd, name="Ana"))
    assert control(form, "Odd").disabled
    assert any("kept as it is" in w.value for w in widgets(form) if isinstance(w, ipywidgets.HTML))

    type_into(form, "Name", "Bo")

    assert form.value is not None
    assert form.value.odd is odd  # type: ignore[attr-defined]


@pytest.mark.parametrize("items", [["one\ntwo"], [" padded "], [""], ["a", "b\r\nc"]])
def test_a_list_that_does_not_fit_into_lines_is_json_and_stays_what_it_is(items: list[str]) -> None:
    kind = model(tags=(list[str], []), name=(str, ""))
    form = form_of(kind, kind(tags=items))

    type_into(form, "Name", "Ana")
    assert form.value == kind(tags=items, name="Ana")

    type_into(form, "Tags (JSON)", control(form, "Tags (JSON)").value.replace("]", ', "more"]'))
    assert form.value == kind(tags=[*items, "more"], name="Ana")


def test_a_model_of_a_subclass_is_kept_and_not_cut_down() -> None:
    class House(Address):
        floors: int = 2

    kind = model(home=Address, name=(str, ""))
    house = House(town="Ulm", floors=5)
    form = form_of(kind, kind(home=house))
    assert control(form, "Home").disabled

    type_into(form, "Name", "Ana")

    assert form.value is not None
    assert form.value.home is house  # type: ignore[attr-defined]


def test_a_strict_model_can_be_filled_in() -> None:
    class Strict(BaseModel):
        model_config = ConfigDict(strict=True)
        day: datetime.date
        mood: Mood
        home: Address

    form = form_of(Strict)
    type_into(form, "Day", "2026-11-21")
    type_into(form, "Mood", "calm")
    type_into(form, labelled("Home", "Town"), "Ulm")

    assert form.value == Strict(day=datetime.date(2026, 11, 21), mood=Mood.CALM, home=Address(town="Ulm"))


def test_a_field_with_an_alias_goes_by_its_name() -> None:
    class Aliased(BaseModel):
        years: int = Field(alias="age")
        home: Address = Field(alias="at", default=Address(town="Ulm"))

    form = form_of(Aliased, Aliased(age=3))
    type_into(form, "Years", "old")
    assert list(form.errors) == ["years"]
    type_into(form, "Years", "4")
    assert form.value == Aliased(age=4)


# -- models in models -------------------------------------------------------------------------------------------------


class Person(BaseModel):
    name: str
    friend: Person | None = None


class Endless(BaseModel):
    inside: Endless


def labelled(section: str, label: str) -> str:
    return f'<span class="mathjax_ignore tex2jax_ignore"><span class="sdkit-hidden">{section}: </span>{label}</span>'


def test_a_section_has_its_own_fields_messages_and_paths() -> None:
    form = form_of(model(home=Address))
    assert form.errors == {}, "all in it has defaults"

    type_into(form, labelled("Home", "Town"), "U")

    assert form.errors == {"home.town": "String should have at least 2 characters"}
    assert len(alerts(form)) == 1

    type_into(form, labelled("Home", "Town"), "Ulm")
    assert form.errors == {}
    assert alerts(form) == []


def test_sections_that_are_needed_are_there_from_the_start_however_deep() -> None:
    class Street(BaseModel):
        name: str

    class House(BaseModel):
        street: Street

    form = form_of(model(house=House))
    assert form.errors == {"house.street.name": "This field is needed"}
    type_into(form, labelled("House: Street", "Name"), "High Street")
    assert form.value is not None


def test_a_model_that_holds_one_of_its_own_class_is_closed_until_it_is_added() -> None:
    form = form_of(Person)
    type_into(form, "Name", "Ana")
    assert form.value == Person(name="Ana")

    type_into(form, "Add Friend", True)
    assert form.errors == {"friend.name": "This field is needed"}
    type_into(form, labelled("Friend", "Name"), "Bo")
    type_into(form, "Add Friend: Friend", True)
    type_into(form, labelled("Friend: Friend", "Name"), "Cy")
    assert form.value == Person(name="Ana", friend=Person(name="Bo", friend=Person(name="Cy")))

    type_into(form, "Add Friend", False)
    assert form.value == Person(name="Ana")


def test_what_is_nested_too_deeply_for_sections_is_json() -> None:
    chain = Person(name="e")
    for name in "dcba":
        chain = Person(name=name, friend=chain)
    form = form_of(Person, chain)
    label = labelled("Friend: Friend: Friend", "Friend (JSON)")
    assert '"e"' in control(form, label).value

    type_into(form, label, '{"name": "z"}')

    assert form.value is not None
    assert form.value.friend.friend.friend.friend == Person(name="z")  # type: ignore[attr-defined]


def test_a_class_that_never_ends_has_a_form_that_does() -> None:
    form = form_of(Endless)
    assert list(form.errors) == ["inside.inside.inside.inside"]


def test_somebody_who_is_their_own_friend_can_be_edited() -> None:
    narcissus = Person(name="Narcissus")
    narcissus.friend = narcissus
    form = form_of(Person, narcissus)

    type_into(form, "Name", "N.")

    assert form.value is not None
    assert form.value.friend is narcissus  # type: ignore[attr-defined]


# -- the whole --------------------------------------------------------------------------------------------------------


class Range(BaseModel):
    low: int = 0
    high: int = 10

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.low > self.high:
            raise ValueError(f"low is above high {NASTY}")
        return self


def test_what_is_wrong_with_the_whole_is_said_below_the_form() -> None:
    form = form_of(Range)
    type_into(form, "Low", "11")
    assert list(form.errors) == [""]
    assert "low is above high &lt;script&gt;" in alerts(form)[0]
    type_into(form, "Low", "1")
    assert form.errors == {}
    assert alerts(form) == []


def test_what_is_wrong_with_a_whole_section_is_said_at_the_section() -> None:
    form = form_of(model(span=(Range, Range())))
    type_into(form, labelled("Span", "Low"), "11")
    assert list(form.errors) == ["span"]


def test_a_validator_that_crashes_is_told_and_does_not_break_the_form() -> None:
    class Crash(BaseModel):
        name: str = ""

        @field_validator("name")
        @classmethod
        def _crash(cls, name: str) -> str:
            if name == "x":
                raise KeyError("lost")
            return name

    form = form_of(Crash)
    type_into(form, "Name", "x")
    assert form.errors == {"": "KeyError: 'lost'"}
    type_into(form, "Name", "y")
    assert form.value == Crash(name="y")


# -- fields that no class declares ------------------------------------------------------------------------------------


def test_fields_that_no_class_declares_are_shown_and_keep_their_types() -> None:
    start = BasePersona(name="Zoe", age=41, tags=["a"], smoker=True, given="x")
    form = form_of(BasePersona, start)

    type_into(form, "Age", "42")
    type_into(form, "Tags (JSON)", '["b"]')
    type_into(form, "Smoker", "no")

    assert form.value == BasePersona(name="Zoe", age=42, tags=["b"], smoker=False, given="x")


def test_half_a_surrogate_pair_which_no_browser_takes_is_kept() -> None:
    start = BasePersona(name="Zoe", odd="\ud800")
    form = form_of(BasePersona, start)
    type_into(form, "Name", "Zo")
    assert control(form, "Odd").value == r"'\ud800'"
    assert form.value == BasePersona(name="Zo", odd="\ud800")


def test_a_field_can_be_added_by_name() -> None:
    form = form_of(BasePersona, BasePersona(name="Zoe"))
    type_into(form, "New field", "favourite_food")
    control(form, "Add field").click()
    type_into(form, "Favourite food", "soup")
    assert str(form.value) == "Your name: Zoe\nYour favourite food: soup"


@pytest.mark.parametrize(("name", "problem"), [("", "Give"), ("_x", "begin with _"), ("name", "already")])
def test_a_field_of_no_good_name_is_not_added(name: str, problem: str) -> None:
    holder = Holder()
    form = Form(BasePersona, BasePersona(name="Zoe"), panel=holder)
    type_into(form, "New field", name)
    control(form, "Add field").click()
    assert problem.casefold() in str(holder.last_error).casefold()
    assert list(form.draft) == ["name"]


def test_a_class_with_fields_takes_no_others() -> None:
    assert "New field" not in [getattr(w, "description", "") for w in widgets(form_of(Address))]


# -- texts are texts --------------------------------------------------------------------------------------------------


def test_no_text_of_anybody_becomes_markup() -> None:
    class Nasty(BasePersona):
        a: str = Field(NASTY, title=NASTY, description=NASTY, examples=[NASTY], max_length=5)
        b: Literal["<b>x</b>", "$y$"] = "<b>x</b>"
        c: Address = Field(Address(town="Ulm"), title=NASTY)
        d: Address | None = Field(None, title=NASTY)

    form = form_of(Nasty, Nasty.model_construct(a=NASTY * 2))

    for widget in widgets(form):
        shown = getattr(widget, "description", "") if getattr(widget, "description_allow_html", False) else ""
        shown += widget.value if isinstance(widget, ipywidgets.HTML) else ""
        assert "<script" not in shown
        assert "$x$" not in shown or "mathjax_ignore" in shown
    assert control(form, "B")._options_labels == ("<b>x</b>", "$y$")


def test_another_draft_replaces_only_the_fields_that_differ() -> None:
    kind = model(name=(str, ""), age=(int, 0))
    form = form_of(kind, kind(name="Ana", age=1))
    name, age = control(form, "Name"), control(form, "Age")
    before = form.draft
    type_into(form, "Age", "2")

    form.show(before)

    assert control(form, "Name") is name
    assert control(form, "Age") is not age
    assert age.comm is None, "what nobody shows any more is closed"
    assert form.value == kind(name="Ana", age=1)
