"""The committed documents: manifest, registry, run record, settings; where they stand, how they merge. Pure.

May import schemas, core and errors. Must never open a file or ask Git: bytes in, values out, and back. The words
(snapshot, manifest, registry, stage, run record) are defined in docs/formats.md.
"""
