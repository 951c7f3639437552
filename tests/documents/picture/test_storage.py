from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.core.errors import DamagedFileError, DiskFullError, NewerFormatError, StorageError
from studio.documents.picture import storage
from studio.documents.picture.brush import Brush
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from studio.documents.picture.storage import Keeper
from studio.documents.project import Project, blob_name
from tests.documents.picture.reference import flat, noise
from tests.documents.project.failing_disk import full, roomy

AREA = Rect(-100, -100, 700, 700)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.open(tmp_path / "work.triptych", create=True) as opened:
        yield opened


@pytest.fixture
def document_id(project: Project) -> str:
    return storage.create(project, "Fox")


@pytest.fixture
def document(project: Project, document_id: str) -> Iterator[PictureDocument]:
    made = storage.load(project, document_id)
    keeper = Keeper(made, project, document_id)
    made.keeper = keeper  # type: ignore[attr-defined]
    yield made
    keeper.close()


def flush(document: PictureDocument) -> None:
    document.keeper.flush(60)  # type: ignore[attr-defined]


def assert_same(one: PictureDocument, other: PictureDocument) -> None:
    assert one.layers == other.layers and one.frame == other.frame
    first, second = one.snapshot(), other.snapshot()
    for layer_id, tiles in first.tiles.items():
        assert tiles.keys() == second.tiles[layer_id].keys()
        for key, tile in tiles.items():
            assert (tile.pixels == second.tiles[layer_id][key].pixels).all()
    assert (one.selection is None) == (other.selection is None)
    if one.selection is not None and other.selection is not None:
        assert one.selection.outside == other.selection.outside
        assert (one.selection.mask(AREA) == other.selection.mask(AREA)).all()


def draw(document: PictureDocument, layer: str, n: int = 0) -> None:
    stroke = document.begin_stroke(layer, Brush(50, hardness=0.3), (200, n * 9 % 256, 30))
    stroke.add(40, 40 + n)
    stroke.add(300, 200 - n)
    stroke.finish()


def rich(document: PictureDocument) -> str:
    """Do a bit of everything; returns a layer to paint on."""
    document.add_layer(name="Käse 🦊", pixels=noise(1, 500, 400), at=(-90, -80))
    group = document.add_layer("group")
    layer = document.add_layer(parent=group, meta={"seed": 7, "request": {"prompt": "a fox"}})
    document.set_layer(group, blend_mode="pass-through", opacity=0.5)
    document.add_layer("mask", pixels=flat(100, 100, 1, 2, 3), at=(300, 0))
    document.select_ellipse(Rect(0, 0, 300, 200))
    document.invert_selection()
    draw(document, layer)
    document.frame = Rect(-7, 3, 320, 448)
    document.set_layer(layer, locked=True, name="Ink")
    document.set_layer(layer, locked=False)
    return layer


def test_an_empty_picture_is_empty(project, document_id) -> None:
    assert storage.load(project, document_id).layers == ()


def test_everything_comes_back_exactly(project, document_id, document) -> None:
    rich(document)
    flush(document)
    assert_same(storage.load(project, document_id), document)
    assert not storage.load(project, document_id).can_undo


def test_every_action_is_one_line_of_the_history_with_its_origin(project, document_id, document):
    request = project.add_request(_request())
    with document.group("Accept result", origin="generated", request_id=request):
        layer = document.add_layer(pixels=noise(1, 64, 64))
        document.set_layer(layer, name="Fox")
    draw(document, layer)
    document.undo()
    flush(document)
    entries = project.history(document_id)[1:]
    assert [(e.label, e.origin, e.request_id) for e in entries] == [
        ("Accept result", "generated", request),
        ("Brush stroke", "typed", ""),
        ("Undo Brush stroke", "typed", ""),
    ]


def _request():
    from studio.core.requests import Capability, ImageRequest

    return ImageRequest(capability=Capability.IMAGE_TXT2IMG, prompt="a red fox", model="m", seed=3)


def test_every_earlier_state_can_be_looked_at_and_gone_back_to(project, document_id, document):
    layer = rich(document)
    shown = {}
    for n in range(5):
        draw(document, layer, n)
        flush(document)
        shown[project.history(document_id)[-1].sequence] = (
            document.composite(AREA),
            document.layers,
        )
    for sequence, (pixels, layers) in shown.items():
        payload = project.state_at(document_id, sequence)
        then = storage.read(project, payload, known=document.snapshot())
        assert (then.composite(AREA) == pixels).all()
        document.become(then, label="Go back")
        assert document.layers == layers and (document.composite(AREA) == pixels).all()
        assert document.undo_label == "Go back"
    document.undo()
    flush(document)
    assert_same(storage.load(project, document_id), document)


def test_going_back_takes_only_the_tiles_that_differ(project, document_id, document) -> None:
    layer = document.add_layer(pixels=noise(1, 600, 600))
    flush(document)
    payload = project.state(document_id)
    document.paste(layer, noise(2, 10, 10), 0, 0)
    flush(document)
    now = document.snapshot()
    then = storage.read(project, payload, known=now)
    same = [key for key, tile in then.tiles[layer].items() if tile is now.tiles[layer][key]]
    assert len(same) == 8 and (0, 0) not in same


def test_a_restored_and_a_branched_project_document_load(project, document_id, document) -> None:
    layer = rich(document)
    flush(document)
    sequence = project.history(document_id)[-1].sequence
    before = document.composite(AREA)
    draw(document, layer, 9)
    flush(document)
    branch = project.branch(document_id, sequence, "Fox 2")
    assert (storage.load(project, branch).composite(AREA) == before).all()
    project.restore_to(document_id, sequence).result(30)
    assert (storage.load(project, document_id).composite(AREA) == before).all()


def test_a_stroke_stores_only_the_tiles_it_changed(project, document_id, document) -> None:
    layer = document.add_layer(pixels=noise(1, 2048, 1024))
    flush(document)
    before = _stored(project)
    document.paste(layer, noise(2, 10, 10), 0, 0)
    flush(document)
    new = _stored(project) - before
    assert len(new) == 3  # a tile, its layer's list, the state
    document.undo()
    flush(document)
    assert _stored(project) - before - new == set()  # all of it was there already


def _stored(project: Project) -> set[bytes]:
    with project.reading() as connection:
        return {row[0] for row in connection.execute("SELECT hash FROM blobs")}


def test_a_picture_opened_again_is_not_written_again(project, document_id, document, monkeypatch):
    from studio.documents.picture import payload as payload_module

    layer = rich(document)
    flush(document)
    document.keeper.close()
    again = storage.load(project, document_id)
    counted = []
    packed = payload_module.packed_planes
    monkeypatch.setattr(
        payload_module, "packed_planes", lambda planes: counted.append(1) or packed(planes)
    )
    keeper = Keeper(again, project, document_id)
    masks = len(again.selection.tiles)
    again.paste(layer, noise(2, 5, 5), 0, 0)
    keeper.flush(60)
    keeper.close()
    assert len(counted) == 1 + masks  # a tile, and the selection, which is never remembered
    assert_same(storage.load(project, document_id), again)


def test_thinning_the_history_never_takes_what_the_newest_state_needs(
    project, document_id, document
) -> None:
    layer = rich(document)
    for n in range(8):
        draw(document, layer, n)
    flush(document)
    project.thin_history(0)
    assert_same(storage.load(project, document_id), document)
    for _ in range(6):
        document.undo()  # what comes back may be gone from the file and is written again
    flush(document)
    project.thin_history(0)
    assert_same(storage.load(project, document_id), document)


def test_parts_that_vanished_meanwhile_are_written_again(project, document_id, document) -> None:
    layer = document.add_layer(pixels=noise(1, 300, 300))
    flush(document)
    # Another state becomes the newest behind the keeper's back, and the rest is thinned out.
    for _ in range(3):
        project.commit_state(document_id, b'{"format":1}', label="elsewhere").result(30)
    project.thin_history(0)
    draw(document, layer)
    flush(document)
    flush(document)
    assert_same(storage.load(project, document_id), document)


def test_actions_are_handed_over_without_waiting(project, document_id, document, monkeypatch):
    """The thread that acts is done before anything is packed."""
    import threading

    from studio.documents.picture import payload as payload_module

    gate = threading.Event()
    packed = payload_module.packed_planes

    def slow(planes):
        assert gate.wait(30)
        assert threading.current_thread().name == "picture-keeper"
        return packed(planes)

    monkeypatch.setattr(payload_module, "packed_planes", slow)
    layer = document.add_layer(pixels=noise(1, 300, 300))
    draw(document, layer)
    document.undo()
    assert project.state(document_id) is None
    gate.set()
    flush(document)
    assert_same(storage.load(project, document_id), document)


def test_a_slider_being_dragged_is_kept_as_its_last_value_when_the_disk_is_slow(
    project, document_id, document, monkeypatch
) -> None:
    import threading

    from studio.documents.picture import payload as payload_module

    gate = threading.Event()
    packed = payload_module.packed_planes

    def slow(planes):
        assert gate.wait(30)
        return packed(planes)

    monkeypatch.setattr(payload_module, "packed_planes", slow)
    layer = document.add_layer(pixels=noise(1, 10, 10))
    for value in range(50):
        document.set_layer(layer, opacity=value / 50)
    gate.set()
    flush(document)
    labels = [entry.label for entry in project.history(document_id)]
    assert labels.count("Layer opacity") == 1
    assert storage.load(project, document_id).layer(layer).opacity == 0.98


def test_the_frame_is_kept_without_a_line_in_the_history(project, document_id, document) -> None:
    lines = len(project.history(document_id))
    for x in range(30):
        document.frame = Rect(x, 5, 640, 512)
    flush(document)
    assert storage.load(project, document_id).frame == Rect(29, 5, 640, 512)
    assert len(project.history(document_id)) == lines


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b'{"format":1}',
        b'{"format":1,"layers":[{"id":"a"}],"active":null,"frame":[0,0,1,1],"selection":null}',
        b'{"format":1,"layers":7,"active":null,"frame":[0,0,1,1],"selection":null}',
        b'{"format":1,"layers":[],"active":null,"frame":[0,0,1],"selection":null}',
        b'{"format":1,"layers":[],"active":null,"frame":[0,0,1e300,1],"selection":null}',
        b'{"format":"x","layers":[],"active":null,"frame":[0,0,1,1],"selection":null}',
    ],
    ids=range(9),
)
def test_damaged_states_are_told_with_a_hint(project, document_id, payload: bytes) -> None:
    project.commit_state(document_id, payload, label="x").result(30)
    with pytest.raises(DamagedFileError) as told:
        storage.load(project, document_id)
    assert "history" in told.value.hint


def test_two_layers_of_one_id_and_unknown_kinds_are_damage(project, document_id, document) -> None:
    document.add_layer()
    flush(document)
    plain = json.loads(project.state(document_id) or b"")
    for spoil in (lambda p: p["layers"].append(p["layers"][0]),
                  lambda p: p["layers"][0].update(kind="vector"),
                  lambda p: p["layers"][0].update(opacity=7)):  # fmt: skip
        wrong = json.loads(json.dumps(plain))
        spoil(wrong)
        with pytest.raises(DamagedFileError):
            storage.read(project, json.dumps(wrong).encode())


def test_a_newer_format_is_told(project, document_id) -> None:
    project.commit_state(document_id, b'{"format":2}', label="x").result(30)
    with pytest.raises(NewerFormatError, match="newer Triptych"):
        storage.load(project, document_id)


def _spoil_a_tile(project: Project, layer: str, payload: bytes) -> None:
    """Exchange the bytes of one tile of a layer in the file, as a bad sector does."""
    plain = json.loads(payload)
    name = next(item["tiles"] for item in plain["layers"] if item["id"] == layer)
    tile = project.blob(name)[4 + 8 : 4 + 8 + 32]
    query = "UPDATE blob_data SET data = x'00' WHERE id = (SELECT id FROM blobs WHERE hash = ?)"
    future = project._require_writer().run_task(
        lambda connection: connection.execute(query, (tile,)).rowcount
    )
    assert future.result(30) == 1


def test_a_damaged_tile_refuses_the_picture_or_is_left_out_and_told(project, document_id, document):
    first = document.add_layer(pixels=noise(1, 300, 300))
    second = document.add_layer(pixels=noise(2, 300, 300))
    flush(document)
    _spoil_a_tile(project, first, project.state(document_id))
    with pytest.raises(DamagedFileError):
        storage.load(project, document_id)
    problems: list[str] = []
    saved = storage.load(project, document_id, problems=problems)
    assert len(problems) == 1 and "left out" in problems[0]
    tiles = saved.snapshot().tiles
    assert len(tiles[first]) == 3 and len(tiles[second]) == 4


def test_a_part_of_another_form_is_damage(project, document_id) -> None:
    part = b"TPL1 too short"
    state = {
        "format": 1, "active": None, "frame": [0, 0, 1, 1], "selection": None,
        "layers": [{"id": "a", "kind": "raster", "name": "a", "opacity": 1, "blend_mode": "normal",
                    "visible": True, "locked": False, "alpha_locked": False, "meta": {},
                    "tiles": blob_name(part)}],
    }  # fmt: skip
    project.commit_state(document_id, json.dumps(state).encode(), label="x", blobs=[part])
    with pytest.raises(DamagedFileError):
        storage.load(project, document_id)


def test_on_a_full_disk_painting_goes_on_and_all_of_it_is_kept_later(
    project, document_id, document
) -> None:
    layer = document.add_layer(pixels=noise(1, 300, 300))
    flush(document)
    full(project)
    for n in range(3):
        document.paste(layer, noise(n, 300, 300), 0, 0)
    with pytest.raises(DiskFullError):
        flush(document)
    draw(document, layer)
    roomy(project)
    flush(document)
    assert_same(storage.load(project, document_id), document)
    labels = [entry.label for entry in project.history(document_id)]
    assert labels.count("Paste") == 3 and labels[-1] == "Brush stroke"


def test_closing_hands_over_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.triptych"
    with Project.open(path, create=True) as project:
        made = storage.create(project, "Fox")
        document = storage.load(project, made)
        keeper = Keeper(document, project, made)
        layer = document.add_layer(pixels=noise(1, 500, 500))
        for n in range(5):
            draw(document, layer, n)
        keeper.close()
        draw(document, layer, 200)  # nobody keeps this any more
    with Project.open(path) as project:
        loaded = storage.load(project, made)
        document.undo()
        assert_same(loaded, document)


def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    told = []
    project = Project.open(tmp_path / "a.triptych", create=True)
    made = storage.create(project, "Fox")
    document = storage.load(project, made)
    keeper = Keeper(document, project, made, told.append)
    project.close()
    document.add_layer()
    keeper.close()
    assert len(told) == 1 and isinstance(told[0], StorageError)
