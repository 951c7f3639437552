"""Random edits, undo, restore, branch, thinning and re-opening against a model in memory."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from studio.documents.project import Project, ProjectSession, TextEdit, TextState
from studio.documents.project.checking import content_problems
from studio.documents.spans import apply_edits, inverse

PLACE = st.tuples(st.floats(0, 1), st.integers(0, 9), st.text("xy é🌍\n", max_size=9))


class Writing(RuleBasedStateMachine):
    documents = Bundle("documents")
    moments = Bundle("moments")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        self.session = ProjectSession(self.folder / "projects")
        self.project: Project = self.session.new(self.folder / "a.triptych")
        self.texts: dict[str, TextState] = {}
        self.past: dict[tuple[str, int], TextState] = {}
        self.last_edits: dict[str, tuple[TextEdit, ...]] = {}
        self.deleted: set[str] = set()
        self.copies = 0

    def committed(self, document: str, future) -> tuple[str, int]:
        sequence = future.result(30)
        self.past[document, sequence] = self.texts[document]
        return document, sequence

    @rule(target=documents, title=st.text("ab🌍", max_size=5))
    def create(self, title):
        document = self.project.create_document("text", title)
        self.texts[document] = TextState()
        return document

    @rule(
        target=moments,
        document=documents,
        places=st.lists(PLACE, min_size=1, max_size=3),
        source=st.sampled_from([("typed", ""), ("generated", "r1"), ("pasted", "")]),
    )
    def type(self, document, places, source):
        state, edits = self.texts[document], []
        for share, removed, inserted in places:
            at = int(share * len(state.text))
            edits.append(TextEdit(at, state.text[at : at + removed], inserted))
            state = apply_edits(state, edits[-1:], origin=source[0], request_id=source[1])
        self.texts[document] = state
        self.last_edits[document] = tuple(edits)
        future = self.project.commit_text(
            document, edits, label="Type", origin=source[0], request_id=source[1]
        )
        return self.committed(document, future)

    @rule(document=documents)
    def undo(self, document):
        edits = self.last_edits.pop(document, ())
        if edits:
            state = apply_edits(self.texts[document], inverse(edits))
            self.texts[document] = state
            self.project.commit_text(document, inverse(edits), label="Undo", spans=state.spans)

    @rule(moment=moments)
    def restore(self, moment):
        document, sequence = moment
        if moment in self.past:
            self.texts[document] = self.past[moment]
            self.last_edits.pop(document, None)
            self.committed(document, self.project.restore_to(document, sequence))

    @rule(target=documents, moment=moments)
    def branch(self, moment):
        document, sequence = moment
        new = self.project.branch(document, sequence, "Branch")
        self.texts[new] = self.past.get(moment) or self.project.text(new)
        return new

    @rule(document=documents)
    def delete_and_bring_back(self, document):
        (self.deleted.symmetric_difference_update)({document})
        if document in self.deleted:
            self.project.delete_document(document)
        else:
            self.project.restore_document(document)

    @rule()
    def open_again(self):
        path = self.project.path
        self.session.close(self.project)
        self.project = self.session.open(path)

    @rule()
    def save_as(self):
        self.copies += 1
        self.session.save_as(self.folder / f"{self.copies}.triptych")

    @rule()
    def thin(self):
        self.project.flush()
        self.project.thin_history(0)
        kept = {(entry.document_id, entry.sequence) for entry in self.project.history()}
        self.past = {moment: state for moment, state in self.past.items() if moment in kept}

    @invariant()
    def texts_are_what_was_written(self):
        shown = {info.id for info in self.project.documents()}
        assert shown == set(self.texts) - self.deleted
        for document, state in self.texts.items():
            assert self.project.text(document) == state

    def teardown(self):
        self.project.flush()
        for (document, sequence), state in self.past.items():
            assert self.project.text_at(document, sequence) == state
        with self.project.reading() as connection:
            assert content_problems(connection, self.project.path) == ()
        self.session.close_all()
        shutil.rmtree(self.folder)


TestWriting = Writing.TestCase
TestWriting.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
