"""Messages that branch: every answer may have other versions, every question another try.

The tree is stored whole as JSON (:meth:`ChatTree.to_payload`) in a project's document of the
kind "chat". Nothing here knows Qt; used from one thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from studio.core.errors import BadInputError, DamagedFileError
from studio.core.media import clean_text
from studio.core.requests import Message, Role

PAYLOAD_FORMAT = 1
ROOT = 0


@dataclass(frozen=True, kw_only=True)
class Node:
    """One message in one version.

    Attributes:
        id: Number within the tree, never given twice.
        parent: Id of the message before; ``ROOT`` for a first one.
        role: Who speaks; never the system, whose words stand in ``ChatTree.system``.
        content: Plain text.
        model: Id of the model that wrote it; "" for a person.
        request_id: The request that made it; "" for a person.
        edited: A person changed what the model wrote.
    """

    id: int
    parent: int
    role: Role
    content: str
    model: str = ""
    request_id: str = ""
    edited: bool = False


@dataclass
class ChatTree:
    """All versions of a conversation.

    Attributes:
        system: What the model is told before everything else.
    """

    system: str = ""
    _nodes: dict[int, Node] = field(default_factory=dict)
    #: Parent to its children in the order they were made, and to the one that is shown.
    _children: dict[int, list[int]] = field(default_factory=lambda: {ROOT: []})
    _shown: dict[int, int] = field(default_factory=dict)
    _next: int = 1

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, node_id: int) -> bool:
        return node_id in self._nodes

    def get(self, node_id: int) -> Node:
        """Return a message.

        Raises:
            BadInputError: It is not there.
        """
        node = self._nodes.get(node_id)
        if node is None:
            raise BadInputError("That message is no longer there.", node=node_id)
        return node

    def path(self) -> tuple[Node, ...]:
        """Return the messages that are shown, first to last."""
        return tuple(self._walk(ROOT))

    def path_to(self, node_id: int) -> tuple[Node, ...]:
        """Return the messages from the first to this one, shown or not."""
        found: list[Node] = []
        while node_id != ROOT:
            node = self.get(node_id)
            found.append(node)
            node_id = node.parent
        return tuple(reversed(found))

    def last(self) -> int:
        """Return the id of the last message shown; ``ROOT`` when there is none."""
        path = self.path()
        return path[-1].id if path else ROOT

    def versions(self, node_id: int) -> tuple[int, int]:
        """Return which of how many versions a message is, counted from one."""
        siblings = self._children[self.get(node_id).parent]
        return siblings.index(node_id) + 1, len(siblings)

    def messages_to(self, node_id: int) -> tuple[Message, ...]:
        """Return what a model is shown to answer the message ``node_id``."""
        told = (Message(Role.SYSTEM, self.system),) if self.system.strip() else ()
        return (*told, *(Message(n.role, n.content) for n in self.path_to(node_id)))

    def add(
        self, parent: int, role: Role, content: str, *, model: str = "", request_id: str = ""
    ) -> int:
        """Add a message after ``parent`` and show it; a second one becomes another version.

        Raises:
            BadInputError: The parent is not there, or the system would speak.
        """
        if parent != ROOT:
            self.get(parent)
        if Role(role) is Role.SYSTEM:
            raise BadInputError("The system prompt stands before the chat, not in it.")
        node = Node(
            id=self._next,
            parent=parent,
            role=Role(role),
            content=clean_text(content),
            model=model,
            request_id=request_id,
        )
        self._next += 1
        self._nodes[node.id] = node
        self._children[node.id] = []
        self._children[parent].append(node.id)
        self._shown[parent] = node.id
        return node.id

    def edit(self, node_id: int, content: str) -> None:
        """Change a message in place; what follows it stays."""
        node = self.get(node_id)
        content = clean_text(content)
        if content != node.content:
            by_model = bool(node.model or node.request_id)
            self._nodes[node_id] = replace(node, content=content, edited=by_model or node.edited)

    def branch(self, node_id: int, content: str) -> int:
        """Add another version of a message, without what follows it, and show it."""
        node = self.get(node_id)
        return self.add(node.parent, node.role, content)

    def show(self, node_id: int) -> None:
        """Show a message and those before it; after it, what was shown there last."""
        for node in self.path_to(node_id):
            self._shown[node.parent] = node.id

    def step(self, node_id: int, by: int) -> int:
        """Show the version ``by`` places further, as far as there are any; return its id."""
        siblings = self._children[self.get(node_id).parent]
        place = max(0, min(siblings.index(node_id) + by, len(siblings) - 1))
        self.show(siblings[place])
        return siblings[place]

    def delete(self, node_id: int) -> int:
        """Remove a message with everything after it; return how many messages went."""
        parent = self.get(node_id).parent
        gone = [node_id]
        for one in gone:
            gone.extend(self._children[one])
        siblings = self._children[parent]
        place = siblings.index(node_id)
        siblings.remove(node_id)
        if self._shown.get(parent) == node_id:
            del self._shown[parent]
            if siblings:
                self._shown[parent] = siblings[min(place, len(siblings) - 1)]
        for one in gone:
            del self._nodes[one]
            del self._children[one]
            self._shown.pop(one, None)
        return len(gone)

    def to_payload(self) -> bytes:
        """Return the whole tree as JSON."""
        nodes = [
            {
                "id": n.id,
                "parent": n.parent,
                "role": n.role.value,
                "content": n.content,
                "model": n.model,
                "request_id": n.request_id,
                "edited": n.edited,
            }
            for n in sorted(self._nodes.values(), key=lambda n: n.id)
        ]
        shown = sorted(self._shown.values())
        plain = {
            "format": PAYLOAD_FORMAT,
            "system": self.system,
            "nodes": nodes,
            "shown": shown,
            "next": self._next,
        }
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8")

    @classmethod
    def from_payload(cls, payload: bytes) -> ChatTree:
        """Read what :meth:`to_payload` wrote.

        Raises:
            DamagedFileError: It is not such a payload.
        """
        try:
            plain = json.loads(payload)
            return cls._from_plain(plain)
        except (ValueError, KeyError, TypeError, AttributeError, BadInputError) as error:
            raise DamagedFileError(
                "This chat could not be read.",
                hint="Restore an earlier state of it from the project's history.",
                reason=str(error),
            ) from error

    @classmethod
    def _from_plain(cls, plain: Any) -> ChatTree:
        tree = cls(system=str(plain["system"]))
        for item in plain["nodes"]:
            node_id, parent = int(item["id"]), int(item["parent"])
            if node_id in tree._nodes or node_id <= parent:
                raise BadInputError("A message stands before the one it answers.", node=node_id)
            tree._next = node_id
            tree.add(
                parent,
                Role(item["role"]),
                item["content"],
                model=str(item.get("model", "")),
                request_id=str(item.get("request_id", "")),
            )
            if item.get("edited"):
                tree._nodes[node_id] = replace(tree._nodes[node_id], edited=True)
        for node_id in plain["shown"]:
            node = tree.get(int(node_id))
            tree._shown[node.parent] = node.id
        tree._next = max(int(plain["next"]), tree._next)
        return tree

    def _walk(self, node_id: int) -> Iterator[Node]:
        while (child := self._shown.get(node_id)) is not None:
            yield self._nodes[child]
            node_id = child
