"""Documents that several tests use: the least of each kind, and one with every key."""

import json
from typing import Any

HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
OTHER = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"


def manifest(**changes: Any) -> dict[str, Any]:
    """A hand-written manifest; a key that is changed to None is left out."""
    document: dict[str, Any] = {
        "dataset": "iris",
        "version": "v0.1",
        "files": [{"path": "data/snapshots/iris_v0.1/iris.csv", "size_bytes": 4608, "sha256": HEX}],
        "created_utc": "2026-01-01T00:00:00Z",
        "notes": "Cleaned, normalized sepal/petal features",
    }
    return {key: value for key, value in {**document, **changes}.items() if value is not None}


def full_manifest() -> dict[str, Any]:
    """A manifest with every key."""
    return manifest(
        format="1.0",
        total_bytes=4608,
        file_count=1,
        source="https://example.org/iris",
        derived_from=["raw_v1.0"],
        run="r-1",
        owner="Ada",
        license="CC-BY-4.0",
        created_by="Ada <ada@example.org>",
        storage="git",
        metadata={"any": {"thing": [1, None, True, 1.5, "é"]}},
        retired={"by": "Ada", "at": "2026-02-01T00:00:00Z", "reason": "consent withdrawn", "bytes": 4608},
    )


def registry(**changes: Any) -> dict[str, Any]:
    """A hand-written registry."""
    document: dict[str, Any] = {
        "name": "iris_clf",
        "versions": [{"version": "v0.1.0", "stage": "archived"}, {"version": "v0.2.0", "stage": "production"}],
    }
    return {**document, **changes}


def full_registry() -> dict[str, Any]:
    """A registry with every key."""
    return registry(
        format="1.0",
        versions=[
            {
                "version": "v0.2.0-rc.1",
                "stage": "staging",
                "tree_sha256": HEX,
                "run": "r-1",
                "data_snapshots": ["iris_v0.1"],
                "registered_utc": "2026-01-01T00:00:00Z",
                "comments": [{"at": "2026-01-01T00:00:00Z", "by": "Ada", "text": "fine"}, {"text": "same"}],
            }
        ],
    )


RUN = b"""\
run_id: 2026-01-01-iris-001
code_commit: 9f2e1c4
data_snapshot: iris_v0.1  # points to a manifest
params:
  seed: 42
  C: 1.0
  penalty: l2
env:
  python: 3.10
  requirements_lock: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  container_image: ghcr.io/org/ml:1.2.3
outputs:
  model_version: v0.2.0
  metrics:
    f1: 0.94
"""

SETTINGS = b"""\
requires: ">= 0.1"
folders: {snapshots: data/snaps, runs: experiments}
protect: [main, "release/*"]
release_branch: main
mode: advise
limits: {file_in_git: 20 MiB, git_limit: 500KB}
stages:
  dev:
  qa: {tag: true, from: [dev]}
  live: {one: true, tag: true, from: [qa, live]}
exceptions:
  - {code: MLV107, path: "data/old_*/**", reason: older than us, until: 2026-12-31}
ignore_extra: ["*.tmp", "cache/**"]
run_lock: required
datasets:
  patients: {local: never}
  iris:
remotes:
  origin: s3://bucket/mlv
  lake: {url: "https://lake.example.org/x", endpoint: "https://lake.example.org", region: eu, retries: 3, tls: true}
"""


def encoded(document: object) -> bytes:
    """Write a document as people do."""
    return json.dumps(document, indent=2, ensure_ascii=False).encode()
