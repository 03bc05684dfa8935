"""Rules over two trees: what a change broke. Pure.

Holds the view on a tree (catalog), one file a rule (checks), the table code -> rule, the engine and `explain`. May
import records, schemas, core and errors. Must never ask Git, open a file or print: what is not in the trees comes in a
Context.
"""
