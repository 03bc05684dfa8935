"""The rules, one file each, named after the rule; the docstring of a file is the documentation of its rule.

A rule is one function `check(delta, context)` that yields findings. May import what lies beside the engine and below.
Must never know another rule, ask Git or raise.
"""
