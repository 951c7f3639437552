"""The manuscript as data: text, which parts a model wrote, undo, counts, prompts. No Qt."""
