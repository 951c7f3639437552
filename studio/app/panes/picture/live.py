"""Live mode: repaints the frame while one paints. The newest state wins, the pen never waits.

:class:`LivePace` decides and knows neither Qt nor the engine; :class:`LiveMode` does what it says.
Only revision numbers are looked at while somebody paints; a snapshot costs next to nothing, and
everything else happens on other threads. Decision:
packaging/docs/decisions/0132-live-painting.md.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from studio.app.panes.picture.intents import Intent, capability_of
from studio.app.panes.picture.picture_job import PictureJob
from studio.app.panes.picture.picture_options import PictureOptions

if TYPE_CHECKING:
    from studio.app.panes.picture.picture_session import PictureSession

TICK_MS = 50
REST_S = 0.2
"""After so long without a change, the picture rests and is repainted."""
FAST_S = 1.2
"""A model that needs no longer than this repaints while the pen still moves."""
LONGEST_WAIT_S = 2.0
"""However much is painted, it is not waited longer than this."""
FEW_STEPS = 6
"""A repaint with no more steps left than this is let finish: something new to see soon."""


class Move(Enum):
    """What live mode does next."""

    WAIT = "wait"
    BEGIN = "begin"
    CANCEL = "cancel"


@dataclass
class LivePace:
    """Decides when to repaint.

    Attributes:
        duration_s: How long repaints take, as measured; 0 until one was.
        seen: What would be repainted now.
    """

    duration_s: float = 0.0
    seen: object = None
    _changed_at: float = 0.0
    _stale_since: float | None = None
    _made_for: object = None

    def look(self, state: object, now: float) -> None:
        """Take note of what would be repainted: any value that differs when the result would."""
        if state != self.seen:
            self.seen, self._changed_at = state, now
            if self._stale_since is None:
                self._stale_since = now

    @property
    def stale(self) -> bool:
        """Whether the newest state was not asked for yet."""
        return self.seen != self._made_for

    def next_move(self, now: float, *, running: bool, steps_left: int | None) -> Move:
        """Return what to do now.

        Args:
            now: In seconds, from any beginning.
            running: A repaint is on its way.
            steps_left: Of that one; ``None`` while unknown.
        """
        if not self.stale:
            return Move.WAIT
        rested = now - self._changed_at >= REST_S
        if running:
            many = steps_left is not None and steps_left > FEW_STEPS
            return Move.CANCEL if many and (rested or self._overdue(now)) else Move.WAIT
        fast = 0 < self.duration_s <= FAST_S
        return Move.BEGIN if rested or fast or self._overdue(now) else Move.WAIT

    def begun(self) -> None:
        """Say that a repaint of the state seen last began."""
        self._made_for, self._stale_since = self.seen, None

    def dropped(self) -> None:
        """Say that the repaint came to nothing; the state is asked for again."""
        self._made_for = None

    def ended(self, duration_s: float) -> None:
        """Say how long a repaint took."""
        known = self.duration_s
        self.duration_s = duration_s if not known else 0.5 * known + 0.5 * duration_s

    def _overdue(self, now: float) -> bool:
        return self._stale_since is not None and now - self._stale_since >= LONGEST_WAIT_S


class LiveMode(QObject):
    """Repaints the picture in front for as long as it is on.

    Attributes:
        job: The repaint that is on its way.
        shown: The newest repaint with something to see.
    """

    pictured = Signal()
    """There is something new to see, or nothing any more."""
    toggled = Signal(bool)
    failed = Signal(object)

    def __init__(self, options: PictureOptions, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._options = options
        self._session: PictureSession | None = None
        self._seed = 0
        self.pace = LivePace()
        self.job: PictureJob | None = None
        self.shown: PictureJob | None = None
        self._began_at = 0.0
        self._job_state: object = None
        self._shown_state: object = None
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    @property
    def on(self) -> bool:
        """Whether it repaints."""
        return self._session is not None

    @property
    def session(self) -> PictureSession | None:
        """Whose picture it repaints."""
        return self._session

    def start(self, session: PictureSession) -> None:
        """Repaint this picture from now on; the seed is held."""
        self.stop()
        self._session = session
        self._seed = self._options.seed
        self.pace = LivePace()
        self._timer.start()
        self.toggled.emit(True)
        self._tick()

    def stop(self) -> None:
        """Repaint no more, and take the last repaint away."""
        if self._session is None:
            return
        self._timer.stop()
        self._session = None
        if self.job is not None:
            self._let_go(self.job)
        if self.shown is not None and self.shown is not self.job:
            self.shown.deleteLater()
        self.job = self.shown = None
        self.toggled.emit(False)
        self.pictured.emit()

    @property
    def outdated(self) -> bool:
        """Whether what is shown is of an older state than the picture."""
        return self.shown is not None and self._shown_state != self.pace.seen

    def take(self) -> PictureJob | None:
        """Return the repaint that is shown if it is finished, to be accepted."""
        job = self.shown
        return job if job is not None and job.artifact is not None else None

    # -- inside -------------------------------------------------------------------------------

    def _tick(self) -> None:
        session = self._session
        if session is None:
            return
        now = time.monotonic()
        self.pace.look(self._state(session), now)
        job = self.job
        left = job.total - job.step if job is not None and job.total else None
        move = self.pace.next_move(now, running=job is not None, steps_left=left)
        if move is Move.CANCEL and job is not None:
            self._let_go(job)
            self.job = None
            self._begin(session, now)
        elif move is Move.BEGIN:
            self._begin(session, now)

    def _state(self, session: PictureSession) -> object:
        """Return all that the result depends on, without touching a pixel."""
        options = self._options
        info = options.info()
        return (
            session.picture.revision,
            session.picture.frame,
            session.prompt,
            session.negative_prompt,
            options.strength,
            info.id if info is not None else "",
            tuple(sorted(options.values.items(), key=lambda item: item[0])),
            options.loras,
            options.controls,
            options.references,
            options.vae,
        )

    def _begin(self, session: PictureSession, now: float) -> None:
        intent = live_intent(session)
        self.pace.begun()
        if intent is None or session.why_not(intent):
            return
        wish = self._options.wish(
            intent,
            self.tr("Live"),
            session.prompt,
            session.negative_prompt,
            seed=self._seed,
            count=1,
            transient=True,
        )
        job = PictureJob(session.bridge, wish, self)
        self.job, self._began_at, self._job_state = job, now, self.pace.seen
        job.previewed.connect(self._seen)
        job.ended.connect(self._ended)
        session.compose(wish, session.picture.snapshot(), job.begin, job.refuse)

    def _seen(self, job: PictureJob, _index: int) -> None:
        """Show a preview only where there is no finished repaint: it would flicker."""
        if job is self.job and (self.shown is None or self.shown.artifact is None):
            self._show(job)

    def _ended(self) -> None:
        job = self.job
        if job is None or job.running:
            return  # one that was let go
        self.job = None
        if job.artifact is not None:
            self.pace.ended(time.monotonic() - self._began_at)
            self._show(job)
        elif job.failure is not None:
            self.failed.emit(job.failure)
            self.stop()
        else:
            self.pace.dropped()
            job.deleteLater()

    def _show(self, job: PictureJob) -> None:
        before, self.shown, self._shown_state = self.shown, job, self._job_state
        if before is not None and before is not job:
            before.deleteLater()
        self.pictured.emit()

    def _let_go(self, job: PictureJob) -> None:
        job.abandon()
        if job is not self.shown:
            job.deleteLater()


def live_intent(session: PictureSession) -> Intent | None:
    """Return what live mode repaints with: over what is there, or else from the prompt alone."""
    offered = session.offer
    if Intent.REFINE in offered.choices:
        return Intent.REFINE
    able = session.options.able()
    fitting = (i for i in offered.choices if capability_of(i, session.situation) in able)
    return next(fitting, None)
