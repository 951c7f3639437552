"""One open picture at work: what the button does, what is asked, and what becomes of results.

Snapshots are taken on the GUI thread, which costs nothing; surveying, composing, compressing and
laying results on the canvas happen on background threads.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from studio.app.background import Background
from studio.app.bridge import EngineBridge
from studio.app.context import AppContext
from studio.app.job_follower import failed_of
from studio.app.panes.picture.frame_size import (
    draws_apart,
    resolution_for,
    side_for_parts,
    taught_side,
)
from studio.app.panes.picture.intent_words import title_of
from studio.app.panes.picture.intents import (
    Intent,
    Offer,
    Situation,
    capability_of,
    needs_words,
    offer,
)
from studio.app.panes.picture.picture_job import PictureJob
from studio.app.panes.picture.picture_options import PictureOptions
from studio.app.panes.picture.picture_place import PicturePlace
from studio.app.panes.picture.tray import Candidate, Tray
from studio.app.qt_pictures import image_of
from studio.core.errors import StudioError
from studio.core.media import Picture
from studio.core.requests import ImageRequest

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from studio.app.panes.picture.composing import Composed, Survey
    from studio.app.panes.picture.wish import Wish
    from studio.core.inputs import InputStore
    from studio.documents.picture.document import Change, PictureDocument
    from studio.documents.picture.geometry import Rect
    from studio.documents.picture.layers import Layer
    from studio.documents.picture.scene import Snapshot
    from studio.models.info import ModelInfo

SURVEY_MS = 120
PROMPT_KEPT_MS = 1000
NAME_LENGTH = 60


@dataclass(frozen=True)
class Workers:
    """The threads the pictures of a pane share.

    Attributes:
        looking: Surveys.
        making: Composing and laying down.
    """

    looking: Background
    making: Background

    def close(self) -> None:
        """Wait for what was begun."""
        self.looking.close()
        self.making.close()


class PictureSession(QObject):
    """A picture with its prompt, its situation and its results.

    Attributes:
        place: Where it is kept.
        tray: Its results.
        survey: What there is to work with; ``None`` until it was looked at.
        wanted: What the button's menu chose; ``None`` for what is most likely.
        prompt: What the user wrote.
        negative_prompt: What the user wants kept out.
        accepting: A result is being laid on the canvas.
    """

    changed = Signal()
    """What the button does, or the picture, is different."""
    failed = Signal(object)
    """A :class:`Failed`: why something did not come about."""
    accepted = Signal(str)
    """A result became the layer with this id."""
    _heard = Signal(object)

    def __init__(
        self,
        context: AppContext,
        options: PictureOptions,
        place: PicturePlace,
        workers: Workers,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self.options = options
        self.place = place
        self.tray = Tray(self)
        self.survey: Survey | None = None
        self.wanted: Intent | None = None
        self.prompt = ""
        self.negative_prompt = ""
        self.accepting = False
        self._workers = workers
        self._look_timer = self._timer(SURVEY_MS, self._look)
        self._keep_timer = self._timer(PROMPT_KEPT_MS, self._keep_prompt)
        self._heard.connect(self._on_change)
        self._unsubscribe = place.picture.subscribe(self._heard.emit)
        self.tray.failed.connect(self.failed)
        options.changed.connect(self._on_options)
        self._side = 0
        self._slot = f"survey-{id(self)}"
        self._closed = False
        self._on_options()
        self.look_soon()

    def _timer(self, interval_ms: int, then: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(then)
        return timer

    @property
    def picture(self) -> PictureDocument:
        """The picture."""
        return self.place.picture

    @property
    def bridge(self) -> EngineBridge:
        """The way to the engine."""
        return self._context.bridge

    # -- the situation ------------------------------------------------------------------------

    @property
    def situation(self) -> Situation:
        """What there is to work with, as far as it was looked at."""
        return self.survey.situation if self.survey is not None else Situation()

    @property
    def regions(self) -> tuple[Layer, ...]:
        """The layers of parts with prompts of their own, as far as it was looked at."""
        return self.survey.regions if self.survey is not None else ()

    @property
    def offer(self) -> Offer:
        """What the button does now."""
        return offer(self.situation, self.wanted)

    def want(self, intent: Intent | None) -> None:
        """Let the button do this as long as it makes sense."""
        self.wanted = intent
        self.changed.emit()

    def set_prompt(self, prompt: str, negative_prompt: str) -> None:
        """Take over what the user wrote."""
        if (prompt, negative_prompt) != (self.prompt, self.negative_prompt):
            self.prompt, self.negative_prompt = prompt, negative_prompt
            self._keep_timer.start()
            self.changed.emit()

    def take_prompt(self, prompt: str, negative_prompt: str) -> None:
        """Begin with what was written when the picture was open last."""
        self.prompt, self.negative_prompt = prompt, negative_prompt

    def why_not(self, intent: Intent) -> str:
        """Return why an intent cannot be done now; "" when it can."""
        reason = self.options.why_not()
        if reason:
            return reason
        if not self.options.models():
            return self.tr("Looking for picture models…")
        project = self.place.project
        if project is not None and project.read_only:
            return self.tr("The project is open to read only.")
        able = self.options.able()
        if able and capability_of(intent, self.situation) not in able:
            return self.tr("This model cannot do that. Choose another one on the right.")
        told = self.prompt.strip() or (self.regions and not self.options.why_no_regions())
        if needs_words(intent) and not told:
            return self.tr("Say what you want to see first.")
        return ""

    def look_soon(self) -> None:
        """Look at the picture once it rests; looking while one paints would hold up the pen."""
        self._look_timer.start()

    def _look(self) -> None:
        from studio.app.panes.picture import composing

        snapshot, side = self.picture.snapshot(), self._side
        shown = composing.Shown(self.picture, snapshot, exact=False)
        self._workers.looking.run_newest(
            self._slot,
            lambda: composing.survey(snapshot, side, shown),
            self._surveyed,
            self._say,
        )

    def _surveyed(self, found: Survey) -> None:
        if found is None:
            return
        before, self.survey = self.survey, found
        if before is None or _told(before) != _told(found):
            self.changed.emit()
        if found.revision != self.picture.revision:
            self.look_soon()

    def _on_change(self, change: Change) -> None:
        if change.rect is not None or change.selection or change.frame or change.layers:
            self.look_soon()
        if change.layers or change.selection or change.frame or change.history:
            self.changed.emit()  # not for every dab of a brush

    def _on_options(self) -> None:
        side = taught_side(self.options.info())
        if side != self._side:
            self._side = side
            self.look_soon()
        self.changed.emit()

    @property
    def side(self) -> int:
        """Side of the square at which the model works, in px."""
        if self.survey is None or self.options.why_no_regions():
            return self._side
        return working_side(self.options.info(), self.survey)

    # -- asking -------------------------------------------------------------------------------

    def generate(self, intent: Intent | None = None, *, seed: int | None = None) -> bool:
        """Ask for what the button says; say whether it could be asked.

        Args:
            intent: Something else than the button says.
            seed: A seed of its own instead of the next one.
        """
        intent = intent or self.offer.intent
        if self.why_not(intent):
            return False
        changes = {} if seed is None else {"seed": seed}
        label = title_of(intent, self.situation)
        wish = self.options.wish(intent, label, self.prompt, self.negative_prompt, **changes)
        self.ask(wish)
        return True

    def ask(self, wish: Wish) -> PictureJob:
        """Compose a request from the canvas as it is now, and put its results on the table."""
        job = PictureJob(self._context.bridge, wish)
        self.tray.add(job)
        snapshot = self.picture.snapshot()
        self.compose(wish, snapshot, job.begin, job.refuse)
        return job

    def compose(
        self,
        wish: Wish,
        snapshot: Snapshot,
        then: Callable[[Composed, ImageRequest], object],
        otherwise: Callable[[StudioError], object],
    ) -> None:
        """Make a request of a snapshot in the background.

        Args:
            wish: What is wanted.
            snapshot: The canvas.
            then: Called with :class:`Composed` and :class:`ImageRequest` on the GUI thread.
            otherwise: Called with a :class:`StudioError` there.
        """
        try:
            inputs = self._context.bridge.inputs
        except StudioError as error:
            otherwise(error)
            return
        info, picture = self.options.info(), self.picture

        def work() -> tuple[Composed, ImageRequest]:
            return asked_for(wish, snapshot, picture, info, inputs)

        def done(made: tuple[Composed, ImageRequest]) -> None:
            then(*made)

        self._workers.making.run(work, done, otherwise)

    def look_at(self, area: Rect, then: Callable[[QImage], object]) -> None:
        """Hand out what an area of the canvas shows now, on the GUI thread."""
        snapshot = self.picture.snapshot()

        def work() -> QImage:
            return image_of(Picture.of(snapshot.composite(area)))

        self._workers.looking.run(work, then, self._say)

    def count(self, text: str, model: str, then: Callable[[int | None], object]) -> None:
        """Hand out how many tokens a prompt has; ``None`` while nobody can tell."""
        bridge = self._context.bridge
        self._workers.looking.run_newest(
            "tokens",
            lambda: bridge.count_tokens(text, model),
            then,
            lambda _error: then(None),
        )

    # -- results ------------------------------------------------------------------------------

    def accept(self) -> None:
        """Make the chosen result a layer, as one step of undo."""
        candidate = self.tray.current
        if candidate is not None:
            self.accept_candidate(candidate)

    def accept_candidate(self, candidate: Candidate) -> None:
        """Make a finished result a layer, as one step of undo."""
        if not candidate.ready or self.accepting:
            return
        self.accepting = True
        job = candidate.job
        self.place.name_from(words_of(job))
        assert job.artifact is not None
        request_id = self.place.keep_request(job.artifact.request, job.facts(candidate.index))
        work = partial(self._lay_down, candidate, request_id)
        self._workers.making.run(work, lambda layer: self._laid_down(candidate, layer), self._not)

    def _lay_down(self, candidate: Candidate, request_id: str) -> str:
        from studio.app.panes.picture.composing import result_pixels

        job, picture = candidate.job, candidate.picture
        assert job.composed is not None and picture is not None
        area = job.composed.area
        pixels = result_pixels(picture, job.composed)
        with self.picture.group(job.wish.label, origin="generated", request_id=request_id):
            return self.picture.add_layer(
                name=layer_name(words_of(job)) or job.wish.label,
                pixels=pixels,
                at=(area.x, area.y),
                meta=job.meta(candidate.index),
            )

    def _laid_down(self, candidate: Candidate, layer: str) -> None:
        self.accepting = False
        if self._closed:
            return
        if candidate in self.tray.items:
            self.tray.choose(self.tray.items.index(candidate))
            self.tray.take()
        self.accepted.emit(layer)

    def _not(self, error: StudioError) -> None:
        self.accepting = False
        self._say(error)

    def _say(self, error: StudioError) -> None:
        self.failed.emit(failed_of(error))

    # -- keeping ------------------------------------------------------------------------------

    def _keep_prompt(self) -> None:
        self._keep_timer.stop()
        self.place.set_meta(
            prompt=self.prompt or None, negative_prompt=self.negative_prompt or None
        )

    def close(self, *, wait: bool = False) -> None:
        """Stop what runs and hand over everything, in the background unless told to wait.

        What is being accepted comes first: it is the user's.
        """
        self._closed = True
        self._unsubscribe()
        self._look_timer.stop()
        if self._keep_timer.isActive():
            self._keep_prompt()
        self._workers.looking.drop(self._slot)
        self.tray.discard_all()
        hand_over = self.place.end()
        if wait:
            self._workers.making.finish(hand_over)
        else:
            self._workers.making.run(hand_over, lambda _: None, self._context.notify.error)


def asked_for(
    wish: Wish,
    snapshot: Snapshot,
    picture: PictureDocument,
    info: ModelInfo | None,
    inputs: InputStore,
) -> tuple[Composed, ImageRequest]:
    """Return what a model is given of a snapshot, and the request. Slow.

    Args:
        wish: What is wanted.
        snapshot: The canvas; a passing wish may be given a newer state instead.
        picture: The document it was taken of.
        info: The model.
        inputs: Takes the pictures in.

    Raises:
        BadInputError: There is nothing to repaint, or too much.
        StorageError: A picture could not be kept or read.
    """
    from studio.app.panes.picture import composing
    from studio.app.panes.picture.wish import request_for

    side = taught_side(info)
    shown = composing.Shown(picture, snapshot, exact=not wish.transient)
    found = composing.survey(snapshot, side, shown)
    intent = offer(found.situation, wish.intent).intent
    if wish.regions and intent is not Intent.REMOVE:
        side = working_side(info, found)
    resolution = resolution_for(found.area, side)
    composed = composing.compose(snapshot, found, intent, resolution, shown)
    wish = dataclasses.replace(wish, intent=intent)
    return composed, request_for(wish, found.situation, composed, snapshot, inputs)


def working_side(info: ModelInfo | None, found: Survey) -> int:
    """Return the side of the square at which a model works on what was found, in px."""
    side = taught_side(info)
    return side_for_parts(side, found.smallest) if found.regions and draws_apart(info) else side


def _told(survey: Survey) -> object:
    """Return what of a survey is told."""
    return survey.situation, survey.area, survey.regions, survey.smallest


def words_of(job: PictureJob) -> str:
    """Return what a picture was asked for: its prompt, or else the prompts of its regions."""
    if job.wish.prompt.strip() or job.request is None:
        return job.wish.prompt
    return ", ".join(region.prompt for region in reversed(job.request.regions))


def layer_name(prompt: str) -> str:
    """Return what a layer is called that a prompt made."""
    words = " ".join(prompt.split())
    if len(words) <= NAME_LENGTH:
        return words
    return f"{words[:NAME_LENGTH].rsplit(' ', 1)[0]}…"
