"""Setting Triptych up on a computer: what ``packaging/bootstrap.py`` does on each start.

Everything here runs before anything is installed: it imports the standard library, its own
modules and the catalogue, and nothing else.
"""
