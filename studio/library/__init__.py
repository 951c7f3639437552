"""Everything ever made: ordinary files are the truth, an SQLite index finds them. No Qt."""
