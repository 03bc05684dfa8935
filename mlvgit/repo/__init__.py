"""The one door to Git: trees, changes, references and tags, history, attributes.

May import rules, records, schemas, core, errors and the standard library; GitPython inside a function only. Must never
print, judge, or read a file of `.git` itself: Git is asked, with `-z`, full object ids and literal paths.
"""
