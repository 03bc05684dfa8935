"""What a person asks for, one file each: values in, a result out.

May import repo, store, rules, records and below. Must never print or exit: the command line presents what comes back.
"""
