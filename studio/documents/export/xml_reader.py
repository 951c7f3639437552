"""XML from other programs: no document type, no entities, no endless nesting."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from studio.documents.export.container import Container

MAX_DEPTH = 200


class _RefusedError(ValueError):
    pass


def read_xml(container: Container, name: str) -> Element:
    """Return the root of an XML member, names as ``{namespace}name``.

    Raises:
        BadInputError: No such member, not XML, or XML that declares entities.
    """
    data = container.read(name)
    try:
        return _parsed(data)
    except (expat.ExpatError, _RefusedError, ValueError, LookupError, AssertionError) as error:
        raise container.refused("a part of it is damaged") from error


def read_xml_if_there(container: Container, name: str) -> Element:
    """Return the root of an XML member, or an empty element when there is none.

    Raises:
        BadInputError: Not XML, or XML that declares entities.
    """
    return read_xml(container, name) if name in container else Element("none")


def _parsed(data: bytes) -> Element:
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise _RefusedError("too deep")
        builder.start(_name(tag), {_name(key): value for key, value in attributes.items()})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_name(tag))

    def refuse(*declared: object) -> None:
        raise _RefusedError("a document type is declared")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.Parse(data, True)
    return builder.close()


def _name(name: str) -> str:
    return "{" + name if "}" in name else name
