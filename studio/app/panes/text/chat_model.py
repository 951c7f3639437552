"""A chat on its way between the screen, the model and the project. Knows no widget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from studio.app.bridge import EngineBridge
from studio.app.panes.text.take import Take
from studio.app.panes.text.writing_options import WritingOptions
from studio.core.errors import StorageError, StudioError
from studio.core.events import Failed
from studio.core.requests import Capability, Role, TextRequest
from studio.documents.chat.tree import ROOT, ChatTree

if TYPE_CHECKING:
    from concurrent.futures import Future

    from studio.documents.project import Project


#: Where no project can be made (a full disk), it is tried again after this.
RETRY_MS = 3000
#: How many steps back a chat remembers within a session; the project remembers the rest.
MOST_UNDO = 100
LABEL_LENGTH = 48

Target = Callable[[], "tuple[Project, str]"]


class ChatModel(QObject):
    """The tree of messages, the answer being written, and undo.

    Attributes:
        tree: The messages.
        take: The answer being written.
        told: What the user should know about an answer written since the start, by its message.
        answers: The message it answers.
    """

    changed = Signal()
    """The messages shown are others now."""
    written = Signal(str)
    """The answer being written grew by this."""
    state_changed = Signal()
    """The running answer's numbers or state."""
    failed = Signal(object)
    """A :class:`Failed`: the answer could not be written."""
    refused = Signal(object)
    """A :class:`StudioError`: the chat could not be kept."""

    def __init__(
        self,
        bridge: EngineBridge,
        options: WritingOptions,
        target: Target,
        tree: ChatTree | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.tree = tree or ChatTree()
        self.take: Take | None = None
        self.told: dict[int, str] = {}
        self.answers = ROOT
        self._bridge = bridge
        self._options = options
        self._target = target
        self._past: list[tuple[str, bytes]] = []
        self._future: list[tuple[str, bytes]] = []
        self._owed = ""
        self._request_id = ""
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.setInterval(RETRY_MS)
        self._retry.timeout.connect(self._commit)

    # -- talking ------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether an answer is being written."""
        return self.take is not None and self.take.running

    def send(self, content: str) -> None:
        """Say something at the end of what is shown, and ask for an answer.

        Raises:
            BadInputError: Nothing was said, or the request cannot be made.
        """
        if not content.strip() or self.running:
            return
        self._remember(self.tr("Message"))
        node = self.tree.add(self.tree.last(), Role.USER, content.strip())
        self._keep(self.tr("Message"))
        self.changed.emit()
        self.answer(node)

    def answer(self, node_id: int) -> None:
        """Ask for an answer to a message; a second one becomes another version.

        Raises:
            StudioError: The request cannot be made.
        """
        if self.running:
            return
        node = self.tree.get(node_id)
        request = TextRequest(
            capability=Capability.TEXT_CHAT,
            model=self._options.model,
            seed=self._options.next_seed(self._children_of(node_id)),
            options=self._options.for_request(Capability.TEXT_CHAT),
            label=_short(node.content),
            messages=self.tree.messages_to(node_id),
        )
        self.answers = node_id
        self.tree.show(node_id)
        self.take = Take(self._bridge, request, self)
        self.take.text_added.connect(self.written)
        self.take.changed.connect(self.state_changed)
        self.take.ended.connect(self._ended)
        self.changed.emit()
        self.take.start()

    def regenerate(self, node_id: int) -> None:
        """Ask for another version of an answer, or for an answer to a question.

        Raises:
            StudioError: The request cannot be made.
        """
        node = self.tree.get(node_id)
        self.answer(node.parent if node.role is Role.ASSISTANT else node_id)

    def stop(self) -> None:
        """Stop the answer; what came stays."""
        if self.take is not None:
            self.take.stop()

    # -- changing -----------------------------------------------------------------------------

    def edit(self, node_id: int, content: str) -> None:
        """Change a message in place."""
        if content == self.tree.get(node_id).content:
            return
        self._remember(self.tr("Edit message"))
        self.tree.edit(node_id, content)
        self._keep(self.tr("Edit message"))
        self.changed.emit()

    def branch(self, node_id: int, content: str) -> None:
        """Ask differently: another version of a question, with an answer of its own.

        Raises:
            StudioError: The request cannot be made.
        """
        self._remember(self.tr("Branch"))
        node = self.tree.branch(node_id, content)
        self._keep(self.tr("Branch"))
        self.changed.emit()
        if self.tree.get(node).role is Role.USER:
            self.answer(node)

    def step(self, node_id: int, by: int) -> None:
        """Show another version of a message."""
        if not self.running:
            self.tree.step(node_id, by)
            self._keep(self.tr("Switch version"))
            self.changed.emit()

    def delete(self, node_id: int) -> int:
        """Remove a message and what follows; returns how many went. Can be undone."""
        if self.running:
            return 0
        self._remember(self.tr("Delete message"))
        count = self.tree.delete(node_id)
        self._keep(self.tr("Delete message"))
        self.changed.emit()
        return count

    def set_system(self, text: str) -> None:
        """Tell the model something before everything else."""
        if text != self.tree.system:
            self._remember(self.tr("System prompt"))
            self.tree.system = text
            self._keep(self.tr("System prompt"))

    def undo(self) -> bool:
        """Take the newest change back; say whether there was one."""
        return self._swap(self._past, self._future, self.tr("Undo: %1"))

    def redo(self) -> bool:
        """Bring the change taken back last again."""
        return self._swap(self._future, self._past, "%1")

    def close(self) -> None:
        """Stop what runs, keeping what came, and hand over what is owed."""
        if self.take is not None and self.take.running:
            self.take.abandon()
            self._ended()
        self._commit()
        self._retry.stop()

    # -- inside -------------------------------------------------------------------------------

    def _ended(self) -> None:
        take, self.take = self.take, None
        if take is None:
            return
        failure: Failed | None = take.failure
        if take.text.strip():
            self._remember(self.tr("Answer"))
            request = take.answered
            model = take.artifact.model if take.artifact is not None else take.request.model
            self._request_id = self._keep_request(request, take.facts)
            node = self.tree.add(
                self.answers,
                Role.ASSISTANT,
                take.text.strip(),
                model=model or "model",
                request_id=self._request_id,
            )
            self.told[node] = " ".join(dict.fromkeys(n.message for n in take.notices))
            self._keep(self.tr("Answer"))
        take.deleteLater()
        self.changed.emit()
        self.state_changed.emit()
        if failure is not None:
            self.failed.emit(failure)

    def _children_of(self, node_id: int) -> int:
        following = [n for n in self.tree.path() if n.parent == node_id]
        return self.tree.versions(following[0].id)[1] if following else 0

    def _remember(self, label: str) -> None:
        self._past.append((label, self.tree.to_payload()))
        del self._past[:-MOST_UNDO]
        self._future.clear()

    def _swap(
        self, source: list[tuple[str, bytes]], target: list[tuple[str, bytes]], words: str
    ) -> bool:
        if not source or self.running:
            return False
        label, payload = source.pop()
        target.append((label, self.tree.to_payload()))
        self.tree = ChatTree.from_payload(payload)
        self._keep(words.replace("%1", label))
        self.changed.emit()
        return True

    def _keep(self, label: str) -> None:
        self._owed = label
        self._commit()

    def _commit(self) -> None:
        """Hand the chat to the project; without a place for it, try again later."""
        if not self._owed:
            return
        try:
            project, document_id = self._target()
            if project.read_only:
                return
            origin = "generated" if self._request_id else "typed"
            future = project.commit_state(
                document_id,
                self.tree.to_payload(),
                label=self._owed,
                origin=origin,  # type: ignore[arg-type]
                request_id=self._request_id,
            )
        except StorageError as error:
            if not self._retry.isActive():
                self.refused.emit(error)
            self._retry.start()
            return
        self._owed = self._request_id = ""
        future.add_done_callback(self._done)

    def _keep_request(self, request: TextRequest, facts: Mapping[str, Any]) -> str:
        try:
            project, _ = self._target()
            return project.add_request(request, facts) if not project.read_only else ""
        except StudioError as error:
            self.refused.emit(error)
            return ""

    def _done(self, future: Future[int]) -> None:
        error = None if future.cancelled() else future.exception()
        if isinstance(error, StudioError):
            self.refused.emit(error)


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LABEL_LENGTH else f"{words[: LABEL_LENGTH - 1]}…"
