"""Azure Blob Storage as a remote, through obstore (extra `mlvgit[azure]`); credentials come from Azure's own places.

An address in mlv.yaml, which everybody who may commit can set, is only ever sent signatures, never a token that would
work elsewhere.
"""

import os
from base64 import b64decode
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from mlvgit.errors import RemoteError
from mlvgit.remotes.base import Patience
from mlvgit.remotes.buckets import BucketRemote, Door, only_to

__all__ = ["azure_remote"]

LOOKED: Final = (
    "AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN, AZURE_CLIENT_ID with its secret "
    "or federated token, `az login`, and the machine's identity"
)
_NAMED: Final = "mlv.yaml names it (account, endpoint), or AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_ENDPOINT"
_MACHINE: Final = "169.254.169.254"
_LOGINS: Final = ("login.microsoftonline.com", "login.chinacloudapi.cn", "login.microsoftonline.us", _MACHINE)
_PARTS: Final = ("AccountName", "AccountKey", "SharedAccessSignature", "BlobEndpoint")
_LIKE: Final = (
    "it is AccountName=NAME;AccountKey=KEY (the portal: Access keys), with KEY in Base64: set it anew, or unset it"
)
_KEYS: Final = tuple(f"AZURE_STORAGE_{each}" for each in ("ACCOUNT_KEY", "ACCESS_KEY", "MASTER_KEY", "KEY"))
_OTHERS: Final = ("AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_TOKEN", "AZURE_CLIENT_ID")


def azure_remote(
    name: str, url: str, container: str, prefix: str, patience: Patience, *, endpoint: str = "", account: str = ""
) -> BucketRemote:
    """Return a container as a remote; nothing is asked of it yet.

    Args:
        endpoint: the server's address where it is not Azure's.
        account: the storage account; "" for the one of the environment.
    """

    def open(client: Any, retry: Any) -> Any:
        from obstore.store import AzureStore

        given = _connection_string()
        if given is None:
            raise RemoteError(
                f"{name} ({url}): AZURE_STORAGE_CONNECTION_STRING is no connection string", hint=_LIKE, sure=True
            )
        known = account or given.get("AccountName") or _first("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT")
        key = given.get("AccountKey") or _first(*_KEYS)
        if not known:
            raise RemoteError(
                f"{name} ({url}) names no storage account",
                hint=f"in mlv.yaml: account: NAME; or AZURE_STORAGE_ACCOUNT_NAME; credentials are looked for in {LOOKED}",
            )
        own = _first("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT") or given.get("BlobEndpoint")
        if endpoint and not key and not own:
            raise RemoteError(
                f"{name} ({url}) is at {endpoint}, which mlv.yaml names: no token is sent there",
                hint="set AZURE_STORAGE_ACCOUNT_KEY, or say yourself that it is the right one: AZURE_STORAGE_ENDPOINT",
            )
        config: dict[str, Any] = {"account_name": known}
        if key:
            config |= {
                "account_key": key,
                "credential_type": "access_key",
            }  # or a token of the environment would be sent
        elif given.get("SharedAccessSignature"):
            config["sas_key"] = given["SharedAccessSignature"].lstrip("?")
        elif not _first(*_OTHERS) and _logged_in():
            config["use_azure_cli"] = True
        azure = f"https://{known}.blob.{given.get('EndpointSuffix') or 'core.windows.net'}"
        config["endpoint"] = address = ((endpoint if key else "") or own or azure).rstrip("/")
        logins = [urlsplit(_first(each)).hostname or "" for each in ("AZURE_AUTHORITY_HOST", "AZURE_MSI_ENDPOINT")]
        client |= only_to(address, *_LOGINS, *logins)
        return AzureStore(container, client_options=client, retry_config=retry, **config)

    door = Door(
        "azure",
        open,
        LOOKED,
        _NAMED,
        "container",
        "az storage container create --name NAME",
        _first("AZURE_MSI_ENDPOINT") or f"http://{_MACHINE}",
    )
    return BucketRemote(name, url, prefix, door, patience)


def _first(*names: str) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def _connection_string() -> dict[str, str] | None:
    """Return the parts of the connection string, which the portal shows and obstore does not read; None for what is none."""
    text = _first("AZURE_STORAGE_CONNECTION_STRING").strip()
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    given = {key.strip(): value for key, _, value in pairs}
    try:
        b64decode(given.get("AccountKey", ""), validate=True)
    except ValueError:
        return None
    address = urlsplit(given.get("BlobEndpoint", "https://"))
    sound = address.scheme in ("http", "https") and (not text or not given.keys().isdisjoint(_PARTS))
    return given if sound else None


def _logged_in() -> bool:
    """Say whether `az login` has left anything."""
    return (Path(_first("AZURE_CONFIG_DIR") or "~/.azure").expanduser() / "azureProfile.json").exists()
