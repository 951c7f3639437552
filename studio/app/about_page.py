"""What Triptych is, and whose work it stands on."""

from __future__ import annotations

import platform

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio import __version__
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.widgets.words import fill_in

LICENCES = (
    ("Qt, PySide6", "LGPL-3.0"),
    ("PyTorch", "BSD-3-Clause"),
    ("Transformers, Diffusers, Accelerate, PEFT", "Apache-2.0"),
    ("Safetensors, Tokenizers, SentencePiece", "Apache-2.0"),
    ("GGUF, onnxruntime, CTranslate2", "MIT"),
    ("NumPy, SciPy, soundfile", "BSD-3-Clause"),
    ("hibari-tts", "Apache-2.0"),
    ("sounddevice, pyloudnorm, psd-tools", "MIT"),
    ("soxr", "LGPL-2.1-or-later"),
    ("dynamicprompts, pyparsing, PyYAML", "MIT"),
    ("Pillow", "MIT-CMU"),
    ("platformdirs", "MIT"),
    ("psutil", "BSD-3-Clause"),
    ("markdown-it-py, python-docx, sd-parsers, keyring", "MIT"),
    ("c2pa-python", "Apache-2.0 or MIT"),
    ("cryptography", "Apache-2.0 or BSD-3-Clause"),
    ("Lucide icons", "ISC"),
    ("Literata, Inter", "OFL-1.1"),
    ("SmolLM2 135M Instruct, all-MiniLM-L6-v2", "Apache-2.0"),
    ("Picture small: drawings of Fluent, Noto and others", "MIT, Apache-2.0"),
)


class AboutPage(QWidget):
    """Version, purpose and licences."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setSpacing(Space.S)
        for text, role in (
            ("Triptych", "title"),
            (fill_in(self.tr("Version %1"), self.versions()), "quiet"),
            (
                self.tr(
                    "A studio for text, pictures and sound with models that run on your own "
                    "computer. Nothing you make leaves it."
                ),
                "",
            ),
            (self.tr("Free software under the Apache License 2.0. It stands on the work of:"), ""),
        ):
            label = QLabel(text)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            set_role(label, role)
            layout.addWidget(label)
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.XL)
        grid.setVerticalSpacing(Space.XS)
        grid.setColumnStretch(1, 1)
        for row, (name, licence) in enumerate(LICENCES):
            grid.addWidget(QLabel(name), row, 0)
            label = QLabel(licence)
            set_role(label, "quiet")
            grid.addWidget(label, row, 1)
        layout.addSpacing(Space.S)
        layout.addLayout(grid)
        copy = QPushButton(self.tr("Copy the version"))
        copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(f"Triptych {self.versions()}")
        )
        layout.addSpacing(Space.S)
        layout.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch()

    def versions(self) -> str:
        """Return the versions a report of a mistake needs."""
        return f"{__version__} (Python {platform.python_version()}, Qt {qVersion()})"
