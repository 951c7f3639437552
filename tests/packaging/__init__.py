"""Tests of the set-up: packaging/bootstrap.py and studio/setup."""
