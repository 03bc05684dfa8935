"""Any S3 as a remote, through obstore (extra `mlvgit[s3]`); credentials come from the AWS chain, never from mlv.yaml."""

import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from mlvgit.remotes.base import Patience
from mlvgit.remotes.buckets import BucketRemote, Door, only_to

__all__ = ["s3_remote"]

LOOKED: Final = (
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile AWS_PROFILE (or default) of ~/.aws/credentials, "
    "a web identity, the container's and the machine's role; a profile that logs in: "
    'eval "$(aws configure export-credentials --format env)"'
)
_NAMED: Final = "mlv.yaml names it (endpoint, region), or AWS_ENDPOINT_URL"
_MACHINE: Final = ("169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23")
"""Where Amazon's machines and containers are given their roles."""
_CREDENTIALS: Final = ("AWS_METADATA_ENDPOINT", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_ENDPOINT_URL_STS")


def s3_remote(
    name: str, url: str, bucket: str, prefix: str, patience: Patience, *, endpoint: str = "", region: str = ""
) -> BucketRemote:
    """Return a bucket as a remote; nothing is asked of it yet.

    Args:
        endpoint: the server's address where it is not Amazon's; http is spoken only to one that says http://.
        region: "" for the one of the environment or the profile.
    """

    def open(client: Any, retry: Any) -> Any:
        from obstore.store import S3Store

        config: dict[str, Any] = {"checksum_algorithm": "SHA256"}
        profile = {} if _first("AWS_ACCESS_KEY_ID") else _profile()
        for key in ("access_key_id", "secret_access_key", "session_token"):
            if profile.get(f"aws_{key}"):
                config[key] = profile[f"aws_{key}"]
        known = region or _first("AWS_REGION", "AWS_DEFAULT_REGION") or profile.get("region") or "us-east-1"
        config["region"] = known
        address = endpoint or _first("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
        if address:
            config |= {"endpoint": address, "virtual_hosted_style_request": False}
        amazon = (
            ("sts.amazonaws.com", f"sts.{known}.amazonaws.com") if address else ("amazonaws.com", "amazonaws.com.cn")
        )
        given = [urlsplit(_first(each)).hostname or "" for each in _CREDENTIALS]
        client |= only_to(address, *amazon, *_MACHINE, *given)
        return S3Store(bucket, client_options=client, retry_config=retry, **config)

    door = Door(
        "s3",
        open,
        LOOKED,
        _NAMED,
        "bucket",
        f"aws s3 mb s3://NAME{f' --endpoint-url {endpoint}' if endpoint else ''}",
        _first("AWS_METADATA_ENDPOINT") or f"http://{_MACHINE[0]}",
    )
    return BucketRemote(name, url, prefix, door, patience)


def _first(*names: str) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def _profile() -> dict[str, str]:
    """Return the keys and the region of the profile that the AWS tools would use; obstore reads no profiles itself."""
    from configparser import Error, RawConfigParser

    name = os.environ.get("AWS_PROFILE") or "default"
    home = Path("~/.aws").expanduser()
    found: dict[str, str] = {}
    for variable, file, section in (
        ("AWS_CONFIG_FILE", "config", name if name == "default" else f"profile {name}"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials", name),
    ):
        parser = RawConfigParser(default_section="", strict=False)
        try:
            parser.read(Path(os.environ.get(variable) or home / file).expanduser(), encoding="utf-8")
            found |= parser[section] if parser.has_section(section) else {}
        except (Error, UnicodeDecodeError):
            continue
    return found
