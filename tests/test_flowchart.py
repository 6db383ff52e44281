"""A task's flowchart: what is in it, its text forms, and its table."""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from sdkit.datasets.star import StarDataset
from sdkit.errors import InputError, MissingPackageError
from sdkit.flowchart import Flowchart
from sdkit.flowchart_walk import following

TABLE = {"hello": "ask_day", "ask_day": "query", "free": "offer", "full": "sorry", "yes": "query_book"}
SAYS = {"hello": "Hello!", "ask_day": "For which day?", "offer": "Is {time:s} fine?", "sorry": "No.", "bye": "Bye."}


@pytest.fixture
def chart() -> Flowchart:
    """Give a chart that breaks off, as those of STAR do: nothing leads from "query" to "free"."""
    return Flowchart("table_book", TABLE, SAYS, {"query": "Query", "yes": "Yes"})


# -- what is in it ----------------------------------------------------------------------------------------------------


def test_nodes_and_edges_are_in_the_order_given(chart: Flowchart) -> None:
    assert chart.nodes == ["hello", "ask_day", "query", "free", "offer", "full", "sorry", "yes", "query_book"]
    assert chart.edges == list(TABLE.items())


def test_it_begins_at_hello_or_else_at_the_first_node(chart: Flowchart) -> None:
    assert chart.start == "hello"
    assert Flowchart("t", {"a": "hello"}, {}).start == "hello"
    assert Flowchart("t", {"b": "c", "a": "b"}, {}).start == "b"


def test_what_has_no_response_is_a_condition(chart: Flowchart) -> None:
    assert chart.conditions == ["query", "free", "full", "yes", "query_book"]
    assert chart.says("query") == ""
    assert chart.says("ask_day") == "For which day?"


def test_a_reply_that_is_a_sentence_makes_an_utterance_of_a_node_without_a_response() -> None:
    chart = Flowchart("t", {"no": "done"}, {}, {"no": "No", "done": "You have arrived."})

    assert chart.conditions == ["no"]
    assert chart.says("done") == "You have arrived."


def test_loose_ends_are_where_branches_begin_and_conditions_without_an_edge(chart: Flowchart) -> None:
    assert chart.heads == ["free", "full", "yes"]
    assert chart.loose_ends == ["query", "free", "full", "yes", "query_book"]
    assert chart.unused == ["bye"]


def test_it_keeps_what_it_was_given_though_the_giver_changes_it() -> None:
    graph = {"a": "b"}
    chart = Flowchart("t", graph, {})
    graph["b"] = "c"

    assert chart.edges == [("a", "b")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("t", {}, {}), "t: the graph is empty; a flowchart has at least one edge"),
        (("t", {"a": 1}, {}), "t: graph has 'a': 1; give a name and its one successor, as texts"),
        (("t", {"a": ["b", "c"]}, {}), "its one successor"),
        (("t", {1: "a"}, {}), "graph has 1: 'a'"),
        (("t", {"a": " "}, {}), "blank name"),
        (("t", {"a": "b"}, {"a": None}), "t: responses has 'a': None; give a name and its text, as texts"),
        (("t", {"a": "b"}, {}, {"a": 2}), "replies has 'a': 2"),
        (("t", [("a", "b")], {}), "t: graph is a dict of texts, not list"),
        ((" ", {"a": "b"}, {}), "a flowchart's task is its name; ' ' is none"),
        ((None, {"a": "b"}, {}), "None is none"),
    ],
)
def test_bad_input_is_refused(given: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError) as caught:
        Flowchart(*given)

    assert message in str(caught.value)


# -- what may be said next --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, {"hello": ["hello"], "ask_day": ["ask_day"]}),
        ("hello", {"ask_day": ["ask_day"]}),
        ("ask_day", {"offer": ["query", "free", "offer"], "sorry": ["query", "full", "sorry"]}),
    ],
    ids=["nothing", "an edge", "through a query"],
)
def test_what_may_follow(chart: Flowchart, said: str | None, expected: dict[str, list[str]]) -> None:
    assert following(chart, said) == expected


def test_after_an_end_it_goes_on_at_an_answer_or_begins_again_but_not_at_a_result() -> None:
    graph = {"hello": "ask", "yes": "good", "available": "offer", "no": "query"}
    chart = Flowchart("t", graph, {"hello": "Hello.", "ask": "Well?", "good": "Good.", "offer": "An offer."})

    assert following(chart, "ask") == {
        "good": ["yes", "good"],
        "offer": ["no", "query", "available", "offer"],  # that a query comes first is said
        "hello": ["hello"],
        "ask": ["ask"],
    }


@pytest.mark.parametrize(
    "graph", [{"a": "b", "b": "c", "c": "a"}, {"a": "a"}, {"hello": "a", "a": "b", "b": "a", "c": "b"}]
)
@pytest.mark.parametrize("unsaid", [True, False])
def test_a_cycle_ends(graph: dict[str, str], unsaid: bool) -> None:
    chart = Flowchart("t", graph, {} if unsaid else dict.fromkeys("abc", "A text."))

    assert all(set(following(chart, node)) <= set(chart.nodes) for node in [None, *chart.nodes])
    assert sorted({node for chain in chart.chains() for node in chain}) == sorted(chart.nodes)


# -- text -------------------------------------------------------------------------------------------------------------


def test_dot_is_that_of_the_workshop() -> None:
    chart = Flowchart("weather", {"hello": "ask_day", "ask_day": "query"}, {})

    assert chart.dot() == "digraph weather  {\n    hello -> ask_day;\n    ask_day -> query\n}"


def test_dot_quotes_what_is_no_plain_name() -> None:
    assert Flowchart("my task", {'a"b': "graph", "c\nd": "é"}, {}).dot() == (
        'digraph "my task"  {\n    "a\\"b" -> "graph";\n    "c d" -> "é"\n}'
    )


def test_mermaid_shows_conditions_loose_ends_and_a_path(chart: Flowchart) -> None:
    text = chart.mermaid(path=["hello", "ask_day", "query", "ask_day"])

    assert text.splitlines()[0] == "flowchart TD"
    assert '    n0["hello<br>(step 1)"]' in text
    assert '    n1["ask_day<br>(steps 2, 4)"]' in text
    assert '    n3{{"free"}}' in text
    assert "    n0 ==> n1" in text
    assert "    n3 --> n4" in text
    assert '    from_n3((" ")) -.-> n3' in text
    assert '    n2 -.-> to_n2((" "))' in text
    assert text.endswith("    class n0,n1,n2 walked")
    assert "walked" not in chart.mermaid()


def test_nothing_in_a_name_is_mermaid_or_html() -> None:
    names = ['"]; click n0 "javascript:alert(1)"', "<script>x</script>", "end", "#quot;", "a\nb", "`b`", "100%%{init}"]
    text = Flowchart("t", dict(itertools.pairwise(names)), {}).mermaid()

    for label in re.findall(r'"(.*)"', text):
        assert re.fullmatch(r"(\w|[ ,]|#\d+;)*", label)
    assert text.count("\n") == 7 + 6 + 1  # nodes, edges, and the loose end


def test_a_path_that_is_not_in_the_chart_is_refused(chart: Flowchart) -> None:
    for show in (chart.mermaid, chart.svg, chart.html):
        with pytest.raises(
            InputError, match=r"'ask_dya' is not in the flowchart of table_book; did you mean ask_day\?"
        ):
            show(["hello", "ask_dya"])


def test_as_text_it_is_a_line_for_each_chain(chart: Flowchart) -> None:
    assert str(chart) == (
        "table_book: 9 nodes, 5 edges, 5 conditions\n"
        "  hello -> ask_day -> [query] -> ...\n"
        "  ... -> [free] -> offer\n"
        "  ... -> [full] -> sorry\n"
        "  ... -> [yes] -> [query_book] -> ..."
    )
    assert repr(chart) == "Flowchart('table_book': 9 nodes, 5 edges, 5 conditions)"


# -- tables -----------------------------------------------------------------------------------------------------------


def test_as_a_table_it_has_what_is_said(chart: Flowchart) -> None:
    frame = chart.to_frame()

    assert list(frame.columns) == ["source", "target", "says", "kind"]
    assert frame.iloc[0].tolist() == ["hello", "ask_day", "For which day?", "utterance"]
    assert frame.iloc[1].tolist() == ["ask_day", "query", "", "condition"]


def test_without_pandas_it_says_what_to_install(chart: Flowchart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(MissingPackageError, match="pandas is needed to make a table of a flowchart"):
        chart.to_frame()


# -- the real data ----------------------------------------------------------------------------------------------------


def test_the_conditions_of_star_are_its_queries_and_branches(real_star: Path) -> None:
    # Given the flowcharts of STAR, four of which lack the response of an utterance
    star = StarDataset(real_star)
    charts = [star.flowchart(task) for task in star.tasks()]
    assert len(charts) == 24

    # When the conditions are told from the utterances, then the names say the same
    names = r"query.*|yes|no|(un)?available|info_missing2?|(in)?correct|noanswer|done"
    for chart in charts:
        assert chart.conditions == [node for node in chart.nodes if re.fullmatch(names, node)], chart.task
        assert all(chart.says(node) for node in chart.nodes if node not in chart.conditions)


def test_all_that_star_says_can_be_reached(real_star: Path) -> None:
    star = StarDataset(real_star)
    for task in star.tasks():
        chart = star.flowchart(task)
        reached, todo = set(), [None, *following(chart)]
        while todo:
            if (node := todo.pop()) not in reached:
                reached.add(node)
                todo += following(chart, node)
        assert reached - {None} == set(chart.nodes) - set(chart.conditions), task
