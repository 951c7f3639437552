"""A chat's tree of messages under every kind of change."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from studio.core.errors import BadInputError, DamagedFileError
from studio.core.requests import Role
from studio.documents.chat.tree import ROOT, ChatTree


def small_talk() -> tuple[ChatTree, int, int]:
    tree = ChatTree(system="Be brief.")
    question = tree.add(ROOT, Role.USER, "How are you?")
    answer = tree.add(question, Role.ASSISTANT, "Well.", model="m", request_id="r")
    return tree, question, answer


def test_regenerating_adds_a_version_and_shows_it() -> None:
    tree, question, first = small_talk()
    second = tree.add(question, Role.ASSISTANT, "Fine.")
    assert [n.id for n in tree.path()] == [question, second]
    assert tree.versions(second) == (2, 2)
    assert tree.step(second, -1) == first
    assert tree.path()[-1].content == "Well."
    assert tree.step(first, -1) == first


def test_a_branch_keeps_what_was_said_before() -> None:
    tree, _question, answer = small_talk()
    follow = tree.add(answer, Role.USER, "And now?")
    other = tree.branch(follow, "And then?")
    assert [n.content for n in tree.path()] == ["How are you?", "Well.", "And then?"]
    tree.show(follow)
    assert tree.path()[-1].id == follow
    assert tree.versions(other) == (2, 2)


def test_the_model_is_shown_the_branch_and_the_system_prompt() -> None:
    tree, question, answer = small_talk()
    roles = [(m.role, m.content) for m in tree.messages_to(answer)]
    assert roles == [
        (Role.SYSTEM, "Be brief."),
        (Role.USER, "How are you?"),
        (Role.ASSISTANT, "Well."),
    ]
    tree.system = "  "
    assert [m.role for m in tree.messages_to(question)] == [Role.USER]


def test_editing_in_place_keeps_what_follows_and_says_so() -> None:
    tree, question, answer = small_talk()
    tree.edit(question, "How is it?")
    tree.edit(answer, "Very well.")
    assert [n.content for n in tree.path()] == ["How is it?", "Very well."]
    assert [n.edited for n in tree.path()] == [False, True]


def test_deleting_takes_what_follows_and_shows_a_neighbour() -> None:
    tree, question, first = small_talk()
    second = tree.add(question, Role.ASSISTANT, "Fine.")
    tree.add(second, Role.USER, "Good.")
    assert tree.delete(second) == 2
    assert tree.path()[-1].id == first
    assert tree.delete(question) == 2
    assert tree.path() == () and len(tree) == 0


def test_what_does_not_fit_is_refused() -> None:
    tree, _, _ = small_talk()
    with pytest.raises(BadInputError):
        tree.get(99)
    with pytest.raises(BadInputError):
        tree.add(ROOT, Role.SYSTEM, "No.")
    with pytest.raises(BadInputError):
        tree.add(99, Role.USER, "No.")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b'{"system":"","nodes":[{"id":1}],"shown":[],"next":2}',
        b'{"system":"","nodes":[{"id":2,"parent":5,"role":"user","content":"x"}],"shown":[],"next":3}',
        b'{"system":"","nodes":[],"shown":[4],"next":1}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_payload_has_words(payload: bytes) -> None:
    with pytest.raises(DamagedFileError) as caught:
        ChatTree.from_payload(payload)
    assert caught.value.hint


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(payload: bytes) -> None:
    try:
        ChatTree.from_payload(payload)
    except DamagedFileError:
        return
    raise AssertionError("random bytes are no chat")


def test_lone_surrogates_do_not_stop_a_chat_from_being_kept() -> None:
    tree = ChatTree()
    tree.add(ROOT, Role.USER, "x\ud83dy😀")
    assert ChatTree.from_payload(tree.to_payload()).path()[0].content == "x\ufffdy😀"


class TreeMachine(RuleBasedStateMachine):
    """Random changes; the tree stays whole and comes back from its payload as it was."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = ChatTree()
        self.content: dict[int, str] = {}
        self.parents: dict[int, int] = {}

    def any_node(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.content)))

    @rule(data=st.data(), words=st.text("ab", max_size=3))
    def add(self, data: st.DataObject, words: str) -> None:
        parent = data.draw(st.sampled_from([ROOT, *sorted(self.content)]))
        role = data.draw(st.sampled_from([Role.USER, Role.ASSISTANT]))
        node = self.tree.add(parent, role, words)
        assert node not in self.content
        self.content[node], self.parents[node] = words, parent
        siblings = sum(p == parent for p in self.parents.values())
        assert self.tree.versions(node) == (siblings, siblings)

    @precondition(lambda self: self.content)
    @rule(data=st.data(), words=st.text("ab", max_size=3))
    def edit(self, data: st.DataObject, words: str) -> None:
        node = self.any_node(data)
        self.tree.edit(node, words)
        self.content[node] = words

    @precondition(lambda self: self.content)
    @rule(data=st.data())
    def branch(self, data: st.DataObject) -> None:
        node = self.any_node(data)
        other = self.tree.branch(node, "b")
        self.content[other], self.parents[other] = "b", self.parents[node]

    @precondition(lambda self: self.content)
    @rule(data=st.data(), by=st.integers(-3, 3))
    def step(self, data: st.DataObject, by: int) -> None:
        node = self.any_node(data)
        shown = self.tree.step(node, by)
        assert shown in [n.id for n in self.tree.path()]

    @precondition(lambda self: self.content)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        node = self.any_node(data)
        gone = {node}
        while more := {c for c, p in self.parents.items() if p in gone} - gone:
            gone |= more
        assert self.tree.delete(node) == len(gone)
        for one in gone:
            del self.content[one], self.parents[one]

    @invariant()
    def whole(self) -> None:
        assert len(self.tree) == len(self.content)
        for node, words in self.content.items():
            assert self.tree.get(node).content == words
            assert self.tree.get(node).parent == self.parents[node]
        path = self.tree.path()
        if self.content:
            assert path, "something is always shown"
        for before, after in itertools.pairwise(path):
            assert after.parent == before.id
        last = path[-1].id if path else ROOT
        assert not [c for c, p in self.parents.items() if p == last], "shown to its end"
        again = ChatTree.from_payload(self.tree.to_payload())
        assert again == self.tree


TestTreeMachine = TreeMachine.TestCase
TestTreeMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
