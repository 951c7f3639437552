"""C2PA content credentials: signed into a file, and read back from any file.

Nothing here uses the network: fetching remote manifests and asking whether certificates were
revoked are off, and no time stamp is asked for. What the user wrote is never in a manifest, nor
are file names; both would stay in every copy that is made of a copy.

Follows C2PA specification 2.2 through c2pa-python; runs on any thread.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from studio import __version__
from studio.core.errors import BackendError, BadInputError, StorageError, storage_errors
from studio.core.provenance.carriers import zipped
from studio.core.provenance.embedding import MALFORMED, embed, read_bytes, strip_prompt
from studio.core.provenance.keys import SigningKey
from studio.core.provenance.media_types import DOCX, EPUB, ODT, media_type_of, sniff
from studio.core.provenance.record import ProvenanceRecord

SIGNABLE = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/webp",
        "image/avif",
        "image/tiff",
        "audio/wav",
        "audio/mpeg",
        "audio/flac",
        "application/pdf",
        EPUB,
        DOCX,
        ODT,
    }
)
_PARENT = "parent"
_ASSERTION = "local.triptych.model"
_MISMATCHES = (
    "Hash.mismatch",
    "hashedURI.mismatch",
    "claimSignature.mismatch",
    "collectionHash",
    "assertion.missing",
    "general.error",
)
_SOURCE_WORDS = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")

_NEEDED = ("c2pa", "cryptography.x509", "keyring", "PIL.PngImagePlugin")


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a file's content credentials say.

    Attributes:
        state: "ours" (signed by this installation, unchanged), "valid" (unchanged, signed by
            someone nobody here vouches for), "changed" (the content or the credential is not
            what was signed), "unsound" (the certificate is of no use), "remote" (they lie on the
            internet) or "unreadable".
        signer: The name in the certificate; anyone can put any name there.
        generator: The program that signed.
        signed_at: When, if a time stamp says so; usually "".
        source_types: Every digital source type in the chain of manifests.
        ingredients: How many other files it names as its ingredients.
        problems: Codes of what did not hold.
        place: Where remote credentials lie; nothing was asked there.
    """

    state: str
    signer: str = ""
    generator: str = ""
    signed_at: str = ""
    source_types: tuple[str, ...] = ()
    ingredients: int = 0
    problems: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True)
class Sealed:
    """A file with its record, mark and, where possible, credentials.

    Attributes:
        data: The whole file.
        signed: Whether it carries credentials.
        notice: Why not, in a sentence, or where the key lies; empty when there is nothing to say.
    """

    data: bytes = field(repr=False)
    signed: bool
    notice: str = ""


def can_sign(suffix: str) -> bool:
    """Whether files of this suffix, name or media type can hold credentials."""
    return media_type_of(suffix) in SIGNABLE


def seal(
    data: bytes,
    suffix: str,
    record: ProvenanceRecord,
    key: SigningKey | None,
    *,
    with_prompt: bool = True,
    inputs: Sequence[Path] = (),
) -> Sealed:
    """Return the file with record, mark and credentials.

    Args:
        data: The whole file.
        suffix: A suffix, file name or media type.
        record: Where it came from; ``inputs`` are added to its ingredients.
        key: This installation's key; ``None`` leaves the credentials out.
        with_prompt: Whether the request goes into the record.
        inputs: Files it was made from; their own credentials go along as ingredients.

    Raises:
        BadInputError: The format can carry no record, or the bytes are no such file.
        BackendError: Signing failed.
        StorageError: An input cannot be read.
    """
    from studio.core.provenance.ingredients import ingredient_of

    if inputs:
        added = tuple(ingredient_of(path) for path in inputs)
        record = dataclasses.replace(record, ingredients=record.ingredients + added)
    marked = embed(data, suffix, record, with_prompt=with_prompt)
    if key is None or not can_sign(sniff(marked) or suffix):
        notice = "" if key is None else "This format has no place for a signature."
        return Sealed(marked, signed=False, notice=notice)
    return Sealed(sign(marked, suffix, record, key, inputs=inputs), True, key.notice)


def seal_if_possible(
    data: bytes,
    suffix: str,
    record: ProvenanceRecord,
    key: Callable[[], SigningKey | None],
    *,
    with_prompt: bool = True,
) -> Sealed:
    """Return the file with record and mark, and signed where that can be done here.

    A result is never lost for want of a signature: ``notice`` then says why there is none.

    Args:
        data: The whole file.
        suffix: A suffix, file name or media type.
        record: Where it came from.
        key: Returns this installation's key; asked only for formats that can be signed.
        with_prompt: Whether the request goes into the record.

    Raises:
        BadInputError: The format can carry no record, or the bytes are no such file.
    """
    words = ""
    if can_sign(suffix):
        try:
            return seal(data, suffix, record, key(), with_prompt=with_prompt)
        except (BackendError, StorageError, ImportError) as error:
            words = f"The file is marked, but could not be signed: {error}"
    marked = embed(data, suffix, record, with_prompt=with_prompt)
    return Sealed(marked, signed=False, notice=words)


def shared_copy(data: bytes, suffix: str, key: SigningKey | None) -> Sealed:
    """Return the file without any prompt, with its mark and a fresh signature.

    The file as it was becomes the parent in the new credential, so that the marks of everyone
    before stay with it.

    Raises:
        BadInputError: The format can carry no record, or the bytes are no such file.
        BackendError: Signing failed.
    """
    stripped = strip_prompt(data, suffix)
    media_type = sniff(data) or media_type_of(suffix)
    if key is None or media_type not in SIGNABLE:
        return Sealed(stripped, signed=False)
    record = read_bytes(stripped, suffix)
    had_credentials = credentials_in(io.BytesIO(data), media_type, "") is not None
    if not had_credentials and record is None:
        # Nothing says that a model made it, so there is nothing for us to sign.
        return Sealed(stripped, signed=False)
    if not had_credentials and record is not None:
        return Sealed(sign(stripped, suffix, record, key), True, key.notice)
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [_PARENT]}}
    manifest = _manifest(record, [opened, {"action": "c2pa.edited.metadata"}])
    about = {"relationship": "parentOf", "title": "Before", "label": _PARENT}
    parents = [(about, media_type, io.BytesIO(data))]
    return Sealed(_signed(stripped, media_type, manifest, key, parents), True, key.notice)


def sign(
    data: bytes,
    suffix: str,
    record: ProvenanceRecord,
    key: SigningKey,
    *,
    inputs: Sequence[Path] = (),
) -> bytes:
    """Return the file with a content credential over everything in it; a former one is replaced.

    Raises:
        BadInputError: The format has no place for one.
        BackendError: Signing failed.
        StorageError: An input cannot be read.
    """
    media_type = sniff(data) or media_type_of(suffix)
    if media_type not in SIGNABLE:
        raise BadInputError(
            f"Files like {suffix} have no place for a signature.",
            hint="Choose PNG, JPEG, WebP, AVIF, WAV, MP3, FLAC, PDF, EPUB, DOCX or ODT.",
        )
    manifest = _manifest(record, [_created(record)])
    return _signed(data, media_type, manifest, key, list(_ingredients(inputs)))


def sign_file(
    source: BinaryIO, target: BinaryIO, suffix: str, record: ProvenanceRecord, key: SigningKey
) -> None:
    """Write ``source`` to ``target`` with a content credential; for files too long for memory.

    Args:
        source: The whole file, from its beginning.
        target: Empty, open for reading and writing.
        suffix: A suffix, file name or media type.
        record: Where it came from.
        key: This installation's key.

    Raises:
        BadInputError: The format has no place for one.
        BackendError: Signing failed.
    """
    media_type = media_type_of(suffix)
    if media_type not in SIGNABLE or media_type in (EPUB, DOCX, ODT):
        raise BadInputError(f"Files like {suffix} have no place for a signature.")
    _sign_stream(source, target, media_type, _manifest(record, [_created(record)]), key, [])


def read_credentials(path: Path, authority: str = "") -> Credentials | None:
    """Return what a file's credentials say; ``None`` when it has none.

    Args:
        path: Any file.
        authority: This installation's authority, as PEM, to know its own signatures again.

    Raises:
        StorageError: The system does not let us read the file.
    """
    with storage_errors(path, "reading where the file came from"), path.open("rb") as file:
        head = file.read(65_536)
        file.seek(max(0, file.seek(0, 2) - 65_536))
        media_type = sniff(head + file.read()) or media_type_of(path.name)
        file.seek(0)
        return credentials_in(file, media_type, authority)


def _has_traces(file: BinaryIO) -> bool:
    """Whether the bytes hold a manifest that the file's damaged structure no longer leads to."""
    file.seek(0)
    before = b""
    while block := file.read(1 << 20):
        if b"c2pa.claim" in before + block:
            return True
        before = block[-16:]
    return False


def credentials_in(file: BinaryIO, media_type: str, authority: str) -> Credentials | None:
    """Return what the credentials in an open file say; ``None`` when it has none."""
    c2pa = _library()

    if not media_type or media_type.startswith("text/"):
        return None
    try:
        with _context(authority) as context:
            reader = c2pa.Reader.try_create(media_type, file, context=context)
            if reader is None:
                return _damaged() if media_type in SIGNABLE and _has_traces(file) else None
            with reader:
                return _told(json.loads(reader.json()), reader.get_validation_state() or "")
    except c2pa.C2paError as error:
        return _failed(error)
    except MALFORMED as error:
        return Credentials(state="unreadable", problems=(str(error)[:200],))


def _damaged() -> Credentials:
    return Credentials(state="unreadable", problems=("the file no longer leads to them",))


def _failed(error: Exception) -> Credentials | None:
    kind = type(error).__name__.lower()
    text = str(error)
    if "notsupported" in kind or "manifestnotfound" in kind or "no jumbf" in text.lower():
        return None
    if "remote" in kind or text.startswith("Remote"):
        return Credentials(state="remote", place=text.rpartition(" ")[2][:300])
    return Credentials(state="unreadable", problems=(text[:200],))


def _told(store: dict[str, Any], state: str) -> Credentials:
    manifests = store.get("manifests", {})
    active = manifests.get(store.get("active_manifest", ""), {})
    signature = active.get("signature_info", {})
    generators = active.get("claim_generator_info") or [{}]
    name, version = (str(generators[0].get(key, "")) for key in ("name", "version"))
    # A change in an ingredient's own file is no change in this one; the spec lists it apart.
    results = store.get("validation_results", {}).get("activeManifest", {})
    problems = tuple(str(failure.get("code", "")) for failure in results.get("failure", []))
    return Credentials(
        state=_state(state, problems),
        signer=str(signature.get("common_name") or signature.get("issuer") or ""),
        generator=f"{name} {version}".strip() or str(active.get("claim_generator", "")),
        signed_at=str(signature.get("time") or ""),
        source_types=tuple(sorted(set(_source_types(manifests)))),
        ingredients=len(active.get("ingredients", [])),
        problems=problems,
    )


def _state(state: str, problems: tuple[str, ...]) -> str:
    if any(word in problem for problem in problems for word in _MISMATCHES):
        return "changed"
    if state == "Trusted":
        return "ours"
    if state == "Valid":
        return "valid"
    only_certificate = all(problem.startswith("signingCredential") for problem in problems)
    return "unsound" if problems and only_certificate else "changed"


def _source_types(manifests: Mapping[str, Any]) -> Iterator[str]:
    for manifest in manifests.values():
        for assertion in manifest.get("assertions", []):
            if not str(assertion.get("label", "")).startswith("c2pa.actions"):
                continue
            for action in assertion.get("data", {}).get("actions", []):
                kind = str(action.get("digitalSourceType", ""))
                if kind:
                    yield kind


def says_model(source_type: str) -> bool:
    """Whether a digital source type says that a trained model made all or part of a file."""
    return source_type.rpartition("/")[2] in _SOURCE_WORDS


def _created(record: ProvenanceRecord) -> dict[str, object]:
    return {
        "action": "c2pa.created",
        "digitalSourceType": record.origin.source_type,
        "softwareAgent": {"name": "Triptych", "version": __version__},
    }


def _manifest(
    record: ProvenanceRecord | None, actions: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    assertions: list[dict[str, object]] = [
        {"label": "c2pa.actions.v2", "data": {"actions": [*actions]}}
    ]
    if record is not None:
        told = dataclasses.asdict(record.without_prompt())
        kept = ["model", "model_title", "licence", "backend", "app_version", "kind", "origin"]
        kept += ["consent"] if record.consent else []
        assertions.append({"label": _ASSERTION, "data": {name: told[name] for name in kept}})
    return {
        "claim_generator_info": [{"name": "Triptych", "version": __version__}],
        "title": f"Triptych {record.kind}".strip() if record else "Triptych",
        "assertions": assertions,
    }


def _ingredients(inputs: Sequence[Path]) -> Iterator[tuple[dict[str, str], str, BinaryIO]]:
    for number, path in enumerate(inputs, start=1):
        with storage_errors(path, "reading what the result was made from"):
            data = path.read_bytes()
        media_type = sniff(data) or media_type_of(path.name)
        if media_type in SIGNABLE:
            about = {"relationship": "inputTo", "title": f"Input {number}"}
            yield about, media_type, io.BytesIO(data)


def _signed(
    data: bytes,
    media_type: str,
    manifest: dict[str, object],
    key: SigningKey,
    ingredients: Sequence[tuple[dict[str, str], str, BinaryIO]],
) -> bytes:
    out = io.BytesIO()
    try:
        if media_type in (EPUB, DOCX, ODT):
            data = zipped.unsigned(data)
    except MALFORMED as error:
        raise _not_signed(error) from error
    _sign_stream(io.BytesIO(data), out, media_type, manifest, key, ingredients)
    return out.getvalue()


def _sign_stream(
    source: BinaryIO,
    target: BinaryIO,
    media_type: str,
    manifest: dict[str, object],
    key: SigningKey,
    ingredients: Sequence[tuple[dict[str, str], str, BinaryIO]],
) -> None:
    c2pa = _library()

    try:
        info = c2pa.C2paSignerInfo(
            c2pa.C2paSigningAlg.ES256,
            key.certificates.encode("ascii"),
            key.private_key.encode("ascii"),
            None,  # No time stamp: it would be a request to a server.
        )
        with (
            _context(key.authority) as context,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(manifest, context=context) as builder,
        ):
            for about, kind, ingredient in ingredients:
                builder.add_ingredient(about, kind, ingredient)
            builder.sign(signer, media_type, source, target)
    except (c2pa.C2paError, *MALFORMED) as error:
        raise _not_signed(error) from error


def _not_signed(error: Exception) -> BackendError:
    return BackendError(
        "The result could not be signed.",
        hint="It can still be kept: record and mark are in it.",
        reason=str(error),
    )


def prepare() -> None:
    """Import what signing a picture or sound needs: a third of a second, the first time."""
    for name in _NEEDED:
        with contextlib.suppress(ImportError):  # said when something is to be signed
            importlib.import_module(name)


def _library() -> Any:
    """Return c2pa-python, imported on first use: it brings 50 MB of native code.

    Raises:
        BackendError: It is not installed.
    """
    try:
        return importlib.import_module("c2pa")
    except ImportError as error:
        raise BackendError(
            "Content credentials need the package c2pa-python, which is not here.",
            hint="Run the set-up again.",
            reason=str(error),
        ) from error


def _context(authority: str) -> Any:

    settings: dict[str, object] = {
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
        "builder": {"thumbnail": {"enabled": False}},
    }
    if authority:
        settings["trust"] = {"trust_anchors": authority}
    return _library().Context.from_dict(settings)
