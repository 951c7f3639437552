"""A conversation as data: a tree of messages, of which one branch is shown. No Qt."""
