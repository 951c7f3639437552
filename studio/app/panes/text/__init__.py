"""The text pane: manuscripts and chats, and a model that writes where the cursor is."""
