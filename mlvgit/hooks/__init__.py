"""Git's hooks: an event and its arguments turned into (before, after), a guard asked, an exit status given.

May import actions and everything below them, inside functions only: a commit that touches nothing of ours pays for
`os`, `sys` and the Git runner. Must never change what is staged, need a network, or print anywhere but on standard
error. The events, and how each state of Git is recognised, are in docs/hooks.md.
"""
