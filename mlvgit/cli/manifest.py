"""`git mlv manifest`: data hashed where it lies, to be committed elsewhere."""

import argparse
import os
from pathlib import Path

from mlvgit.actions.executors import executor
from mlvgit.actions.inventory import Target, make
from mlvgit.cli.common import add_json
from mlvgit.cli.output import Output
from mlvgit.core.text import count, printable, short, size
from mlvgit.errors import UsageError
from mlvgit.store.atomic import write_atomic

__all__ = ["configure_manifest", "run_manifest"]

EXAMPLES = """\
examples:
  git mlv manifest /mnt/scans -o scans.json
  git mlv manifest s3://lake/scans/2026 -o scans.json --to s3://team/mlv
  git mlv manifest /mnt/scans -o scans.json --executor dask:tcp://scheduler:8786
then, in a clone, with no byte of it:
  git mlv snapshot create scans v0.1 --manifest scans.json
"""


def configure_manifest(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv manifest`."""
    parser.description = (
        "Hash a folder or a bucket where it lies, and write its list of files, which snapshot create --manifest and "
        "model add --manifest commit elsewhere. Needs no repository and no Git, so that it can run as a job beside the "
        "data. What changes meanwhile is an error."
    )
    parser.epilog = EXAMPLES
    parser.add_argument(
        "source", metavar="DIR|URL", help="a folder, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX"
    )
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="where the list is written")
    parser.add_argument(
        "--dereference",
        action="store_true",
        help="follow symlinks that stay inside the folder (or a Hugging Face cache)",
    )
    parser.add_argument(
        "--to", metavar="URL", default="", help="also bring the bytes to this remote of bytes, but for what it has"
    )
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        default="",
        help="the address of the bucket's server, of both when both are buckets",
    )
    parser.add_argument("--to-endpoint", metavar="URL", default="", help="the address of --to, where it is another one")
    parser.add_argument(
        "--executor",
        metavar="WHERE",
        default="threads",
        help="what hashes: threads, processes, or dask:tcp://HOST:PORT, whose workers see the same data (default threads)",
    )
    add_json(parser)


def run_manifest(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv manifest`."""
    _require_apart(args.source, args.output)
    target = _target(args)
    with executor(args.executor) as found, output.progress("hashing") as progress:
        made = make(
            args.source,
            endpoint=args.endpoint,
            dereference=args.dereference,
            target=target,
            executor=found,
            progress=progress,
        )
    inventory = made.inventory
    write_atomic(args.output, inventory.dump())
    output.say(
        f"{output.style('hashed', 'green')} {count(inventory.file_count, 'file')}, {size(inventory.total_bytes)}, "
        f"tree {short(inventory.tree_sha256)}"
    )
    if target and made.sent_objects:
        output.say(f"  sent {size(made.sent_bytes)} ({count(made.sent_objects, 'object')}) to {printable(target.url)}")
    elif target:
        output.say(f"  {printable(target.url)} has everything: nothing was sent")
    output.say(f"  {printable(str(args.output))}")
    output.next(f"git mlv snapshot create DATASET v0.1 --manifest {printable(str(args.output))}")
    output.json(
        {
            "path": str(args.output),
            "source": inventory.source,
            "tree_sha256": inventory.tree_sha256,
            "file_count": inventory.file_count,
            "total_bytes": inventory.total_bytes,
            "to": target.url if target else "",
            "sent_objects": made.sent_objects,
            "sent_bytes": made.sent_bytes,
        }
    )
    return 0


def _target(args: argparse.Namespace) -> Target | None:
    if not args.to:
        return None
    if "://" not in args.to and args.to != "lfs":
        return Target(os.path.abspath(os.path.expanduser(args.to)))
    return Target(args.to, args.to_endpoint or args.endpoint)


def _require_apart(source: str, path: Path) -> None:
    """Refuse a list that would be among the data the next time."""
    if "://" in source or not os.path.isdir(source):
        return
    if os.path.realpath(path).startswith(os.path.realpath(source).rstrip(os.sep) + os.sep):
        raise UsageError(
            f"{printable(str(path))} would lie among the data that it lists", hint=f"-o {printable(path.name)}"
        )
