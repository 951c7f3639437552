"""Clips being mended: read, worked on in the background, laid as takes in one step at the end.

On the GUI thread but for what the background does; its progress is a number that whoever shows it
reads when they draw.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.job_follower import waiting_words
from studio.app.panes.sound.sound_job import SoundJob
from studio.app.widgets.words import duration, fill_in
from studio.core.errors import StudioError
from studio.core.options import OptionValue
from studio.core.requests import AudioRequest, Capability, to_json
from studio.documents.soundtrack import Soundtrack
from studio.documents.soundtrack.work import Work, WorkCancelled

if TYPE_CHECKING:
    from studio.core.inputs import InputRef
    from studio.documents.soundtrack import Clip, Source
    from studio.documents.soundtrack.mending import Cut, Mended, Tool
    from studio.documents.soundtrack.pool import SourcePool

_TELLING_S = 1.0
"""Only after so long the time left is guessed."""
MENDING_REQUEST = "mending"
"""Name of a take's fact that holds the request by which a model mended it, as JSON."""


class Mending(QObject):
    """Mends some clips of a document, one after the other.

    Nothing changes before the last one is done; then all of them do, in one step of undo. What
    cannot be mended is told, and the others are.

    Args:
        context: The window's services.
        soundtrack: The document.
        pool: Its sounds.
        worker: Where the work is done; nothing else waits for it.
        title: What is done, such as "Removing noise".
        label: What the step of undo is called.
        parent: Qt's owner.

    Attributes:
        running: Between its start and its end.
    """

    changed = Signal()
    ended = Signal()
    told = Signal(object)
    """A :class:`StudioError` for the user."""

    def __init__(
        self,
        context: AppContext,
        soundtrack: Soundtrack,
        pool: SourcePool,
        worker: Background,
        title: str,
        label: str,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._soundtrack = soundtrack
        self._pool = pool
        self._worker = worker
        self._title = title
        self._label = label
        self._waiting: deque[Clip] = deque()
        self._total = self._done = 0
        self._part = 0.0
        self._began = 0.0
        self._stopped = False
        self.running = False

    def start(self, clip_ids: Sequence[str]) -> None:
        """Mend clips, in the order of time."""
        chosen = [c for c in self._soundtrack.arrangement.clips() if c.id in set(clip_ids)]
        self._waiting.extend(sorted(chosen, key=lambda clip: clip.start))
        self._total, self.running = len(chosen), True
        self._began = time.monotonic()
        self._next()

    def stop(self) -> None:
        """Stop as soon as may be; everything stays as it was."""
        self._stopped = True
        self._waiting.clear()

    @property
    def fraction(self) -> float:
        """How much is done, 0..1."""
        return min(1.0, (self._done + self._part) / max(1, self._total))

    def words(self) -> str:
        """Say what is done, and how far it is."""
        words = fill_in(self.tr("%1, %2%"), self._title, str(round(100 * self.fraction)))
        passed = time.monotonic() - self._began
        if passed < _TELLING_S or self.fraction < 0.02:
            return words
        left = passed * (1 - self.fraction) / self.fraction
        return fill_in(self.tr("%1, %2 left"), words, duration(left))

    def abandon(self) -> None:
        """Stop, since the document is closed."""
        self.stop()

    # --- for those that do something --------------------------------------------------------

    def _begin(self, clip: Clip) -> None:
        """Mend one clip; :meth:`_finished` or :meth:`_failed` follows."""
        raise NotImplementedError

    def _lay(self) -> None:
        """Change the document, when all is done."""
        raise NotImplementedError

    def _run(
        self,
        work: Callable[[Work], Any],
        then: Callable[[Any], object],
        begins: float = 0.0,
        ends: float = 1.0,
    ) -> None:
        """Do work in the background, which is a part of what one clip needs."""
        how = Work(self._progressed, lambda: self._stopped).sub(begins, ends - begins)

        def stoppable() -> Any:
            try:
                how.step(0.0)
                return work(how)
            except WorkCancelled:
                return None

        def came(result: Any) -> None:
            if self._stopped:
                self._next()
            else:
                then(result)

        self._worker.run(stoppable, came, self._failed)

    def _progressed(self, fraction: float) -> None:
        self._part = fraction

    def _finished(self) -> None:
        self._done, self._part = self._done + 1, 0.0
        self._next()

    def _failed(self, error: StudioError) -> None:
        self.told.emit(error)
        self._finished()

    def _next(self) -> None:
        if self._waiting:
            self._begin(self._waiting.popleft())
            self.changed.emit()
            return
        if not self._stopped:
            self._lay()
        self.running = False
        self.changed.emit()
        self.ended.emit()


class Trimming(Mending):
    """Moves the ends of clips to where something is heard."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._spans: dict[str, tuple[int, int]] = {}

    def _begin(self, clip: Clip) -> None:
        from studio.documents.soundtrack.mending import cut_of, span_in_clip

        def work(how: Work) -> tuple[int, int]:
            return span_in_clip(cut_of(clip, self._pool, how), how)

        self._run(work, partial(self._found, clip.id))

    def _found(self, clip_id: str, span: tuple[int, int]) -> None:
        self._spans[clip_id] = span
        self._finished()

    def _lay(self) -> None:
        from studio.documents.soundtrack.mending import trim_to_sound

        changed = trim_to_sound(self._soundtrack, self._spans, self._label)
        if self._spans and not changed:
            self._context.notify.info(self.tr("There is no silence at the ends."))


class ToolMending(Mending):
    """Gives clips a take made by one of the small tools.

    Args:
        tool: Which one.
        name: What the takes are called.
        done: What is said of them, in words for a file.
        given: As for :class:`Mending`.
        named: As for :class:`Mending`.
    """

    def __init__(self, tool: Tool, name: str, done: str, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._tool = tool
        self._name = name
        self._done_words = done
        self._mended: list[Mended] = []

    def _begin(self, clip: Clip) -> None:
        from studio.documents.soundtrack.marking import MENDED
        from studio.documents.soundtrack.mending import cut_of, mend

        def work(how: Work) -> Mended:
            cut = cut_of(clip, self._pool, how)
            return mend(cut, self._pool, self._tool, {MENDED: self._done_words}, how)

        self._run(work, self._keep)

    def _keep(self, mended: Mended) -> None:
        self._mended.append(mended)
        self._finished()

    def _lay(self) -> None:
        from studio.documents.soundtrack.mending import lay

        # The tool made it as loud as it shall be; the clip's own gain would change that.
        lay(self._soundtrack, self._mended, self._label, self._name, gain_db=0.0)


class NoiseRemoval(Mending):
    """Gives clips a take from which a model took the noise.

    Args:
        options: How; as the model's backend names them.
        given: As for :class:`Mending`.
        named: As for :class:`Mending`.
    """

    def __init__(self, options: Mapping[str, OptionValue], *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._options = dict(options)
        self._mended: list[Mended] = []
        self.job: SoundJob | None = None

    def stop(self) -> None:
        """See :meth:`Mending.stop`."""
        super().stop()
        if self.job is not None:
            self.job.stop()

    def abandon(self) -> None:
        """See :meth:`Mending.abandon`."""
        super().stop()
        if self.job is not None:
            self.job.abandon()

    def words(self) -> str:
        """See :meth:`Mending.words`; also what the job waits for."""
        waiting = waiting_words(self.job) if self.job is not None and self.job.running else ""
        return waiting or super().words()

    def _begin(self, clip: Clip) -> None:
        from studio.documents.soundtrack.mending import cut_of, file_of

        inputs = self._context.bridge.inputs

        def work(how: Work) -> tuple[Cut, InputRef]:
            cut = cut_of(clip, self._pool, how)
            return cut, inputs.put(*file_of(cut, how))

        self._run(work, self._ask, 0.0, 0.1)

    def _ask(self, found: tuple[Cut, InputRef]) -> None:
        cut, ref = found
        request = AudioRequest(
            capability=Capability.AUDIO_REPAIR,
            seed=0,
            audio=ref,
            options=self._options,
            label=fill_in(self.tr("Remove noise: %1"), cut.title)[:60],
            # What it makes belongs to the clip: a recording without its noise is no work of a
            # model that the library should keep, and without the clip nobody waits for it.
            transient=True,
        )
        job = self.job = SoundJob(self._context.bridge, request, self)
        job.changed.connect(partial(self._went_on, job))
        job.ended.connect(partial(self._answered, cut, job))
        job.begin()

    def _went_on(self, job: SoundJob) -> None:
        if job.total:
            self._part = 0.1 + 0.7 * min(1.0, job.step / job.total)
        self.changed.emit()

    def _answered(self, cut: Cut, job: SoundJob) -> None:
        artifact = job.artifact
        for notice in job.notices:
            self._context.notify.warn(notice.message)
        if artifact is None:
            failure = job.failure
            if failure is None:  # stopped, here or in the list of jobs
                self._stopped = True
                self._waiting.clear()
                self._next()
                return
            self._failed(StudioError(failure.message, hint=failure.hint, details=failure.details))
            return

        def keep(how: Work) -> Source:
            return self._pool.add_sound(
                artifact.sound, cut.title, source_type=cut.source_type, work=how
            )

        self._run(keep, partial(self._keep, cut, job), 0.8, 1.0)

    def _keep(self, cut: Cut, job: SoundJob, source: Source) -> None:
        from studio.documents.soundtrack.marking import MENDED
        from studio.documents.soundtrack.mending import Mended

        artifact = job.artifact
        assert artifact is not None
        limit = float(artifact.facts.get("attenuation_limit_db", "100"))
        titles = {each.info.id: each.info.title for each in self._context.bridge.models()}
        done = f"Noise removed with {titles.get(artifact.model, artifact.model)}"
        facts = {
            MENDED: f"{done}, by at most {limit:g} dB" if limit < 100 else done,
            MENDING_REQUEST: to_json(artifact.request),
        }
        self._mended.append(Mended(cut, source, facts))
        self._finished()

    def _lay(self) -> None:
        from studio.documents.soundtrack.mending import lay

        lay(self._soundtrack, self._mended, self._label, self.tr("Noise removed"))
