"""How the window says numbers, times and errors, everywhere the same."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

translate = QCoreApplication.translate

BYTES_PER_GB = 1024**3
BYTES_PER_MB = 1024**2


def fill_in(sentence: str, *values: object) -> str:
    """Put values into a translated sentence, at %1, %2 and so on."""
    for number, value in enumerate(values, start=1):
        sentence = sentence.replace(f"%{number}", str(value))
    return sentence


def duration(seconds: float) -> str:
    """Return a span of time in the unit a person would use, such as "14 s" or "3 min 20 s"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return fill_in(translate("words", "%1 s"), whole)
    minutes, rest = divmod(whole, 60)
    if minutes < 10 and rest:
        return fill_in(translate("words", "%1 min %2 s"), minutes, rest)
    if minutes < 60:
        return fill_in(translate("words", "%1 min"), minutes + (rest >= 30))
    hours, minutes = divmod(minutes, 60)
    return fill_in(translate("words", "%1 h %2 min"), hours, minutes)


def memory(size_bytes: int) -> str:
    """Return an amount of memory, such as "1.1 GB" or "270 MB"."""
    if size_bytes >= BYTES_PER_GB:
        return f"{gigabytes(size_bytes)} GB"
    return f"{round(size_bytes / BYTES_PER_MB)} MB"


def gigabytes(size_bytes: int) -> str:
    """Return an amount in GB without its unit; one digit after the point below ten."""
    value = size_bytes / BYTES_PER_GB
    text = QLocale().toString(value, "f", 1 if value < 10 else 0)
    return text.removesuffix(f"{QLocale().decimalPoint()}0")


def copied_text(message: str, hint: str, details: str) -> str:
    """Return an error as it goes to the clipboard."""
    return "\n".join(part for part in (message, hint, "", details) if part or details).strip()
