"""Where bytes go that Git does not hold: one file a kind of remote, and one table of URL schemes.

A remote knows objects by size and SHA-256 and nothing of manifests, Git or the local store. What it hands out is not
believed: whoever reads hashes it. Libraries of a kind are extras, imported where they are used.
"""
