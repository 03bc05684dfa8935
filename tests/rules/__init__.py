"""Tests of the rules, on trees in memory."""
