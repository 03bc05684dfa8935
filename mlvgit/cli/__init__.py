"""The command line: parse, call one action, present what comes back.

One file a noun, imported only when its command is called. Only output.py prints.
"""
