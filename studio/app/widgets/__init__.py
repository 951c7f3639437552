"""Controls that several panes share; each works alone and knows no pane."""

from studio.app.widgets.collapsible import Collapsible
from studio.app.widgets.elided_label import ElidedLabel
from studio.app.widgets.empty_state import EmptyState
from studio.app.widgets.error_card import ErrorCard
from studio.app.widgets.options_form import OptionsForm
from studio.app.widgets.prompt_bar import PromptBar
from studio.app.widgets.switch import Switch

__all__ = [
    "Collapsible",
    "ElidedLabel",
    "EmptyState",
    "ErrorCard",
    "OptionsForm",
    "PromptBar",
    "Switch",
]
