"""Bytes on this machine: atomic writing, the lock, scanning, hashing, placing, the stat cache.

May import errors, core and records, and the operating system. Must never know Git, a remote or a rule, and never
print. Words: a *source* is what a user wants frozen; to *place* is to put verified bytes under their name in a
workspace; *set aside* is what happens to altered bytes before that.
"""
