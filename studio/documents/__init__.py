"""What the user makes: projects, manuscripts, text files, import and export. No Qt, no torch."""
