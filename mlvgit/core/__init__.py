"""Values: digests, repository paths, versions, references, canonical text.

May import errors and the standard library. Must never read a file, a clock, the environment or a process: everything
here is a function of its arguments.
"""
