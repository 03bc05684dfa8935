"""Validators made from the JSON Schemas by `python -m mlvgit.schemas.generate`; do not edit."""

import re


class JsonSchemaValueException(ValueError):
    """The document does not fit."""


JsonSchemaException = JsonSchemaValuesException = JsonSchemaValueException


class _Patterns(dict):
    """Searches for a pattern that is compiled when it is first used, so that importing costs nothing."""

    def __missing__(self, pattern):
        self[pattern] = search = re.compile(re.sub(r"(?<!\\)\$", r"\\Z", pattern)).search
        return search


SEARCH = _Patterns()
NoneType = type(None)

VALIDATE_URN_MLVGIT_SCHEMA_INVENTORY_0 = frozenset(['source', 'tree_sha256', 'total_bytes', 'file_count', 'files'])
VALIDATE_URN_MLVGIT_SCHEMA_INVENTORY_1 = frozenset(['path', 'size_bytes', 'sha256'])


def validate_urn_mlvgit_schema_inventory(data):
    if not isinstance(data, (dict)):
        raise JsonSchemaValueException
    if True:
        if not data.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_INVENTORY_0:
            raise JsonSchemaValueException
        data_keys = set(data.keys())
        if "format" in data_keys:
            data_keys.remove("format")
            data__format = data["format"]
            validate_inventory____defs_format(data__format)
        if "source" in data_keys:
            data_keys.remove("source")
            data__source = data["source"]
            if not isinstance(data__source, (str)):
                raise JsonSchemaValueException
            if True:
                data__source_len = len(data__source)
                if data__source_len < 1:
                    raise JsonSchemaValueException
                if data__source_len > 10000:
                    raise JsonSchemaValueException
        if "tree_sha256" in data_keys:
            data_keys.remove("tree_sha256")
            data__treesha256 = data["tree_sha256"]
            validate_inventory____defs_sha256(data__treesha256)
        if "total_bytes" in data_keys:
            data_keys.remove("total_bytes")
            data__totalbytes = data["total_bytes"]
            validate_inventory____defs_count(data__totalbytes)
        if "file_count" in data_keys:
            data_keys.remove("file_count")
            data__filecount = data["file_count"]
            validate_inventory____defs_count(data__filecount)
        if "created_utc" in data_keys:
            data_keys.remove("created_utc")
            data__createdutc = data["created_utc"]
            validate_inventory____defs_moment(data__createdutc)
        if "created_by" in data_keys:
            data_keys.remove("created_by")
            data__createdby = data["created_by"]
            if not isinstance(data__createdby, (str)):
                raise JsonSchemaValueException
            if True:
                data__createdby_len = len(data__createdby)
                if data__createdby_len > 1000:
                    raise JsonSchemaValueException
        if "files" in data_keys:
            data_keys.remove("files")
            data__files = data["files"]
            if not isinstance(data__files, (list, tuple)):
                raise JsonSchemaValueException
            data__files_is_list = isinstance(data__files, (list, tuple))
            if data__files_is_list:
                data__files_len = len(data__files)
                if data__files_len < 1:
                    raise JsonSchemaValueException
                for data__files_x, data__files_item in enumerate(data__files):
                    if not isinstance(data__files_item, (dict)):
                        raise JsonSchemaValueException
                    if True:
                        if data__files_item.keys() != VALIDATE_URN_MLVGIT_SCHEMA_INVENTORY_1:
                            raise JsonSchemaValueException
                        if True:
                            data__files_item__path = data__files_item["path"]
                            if not isinstance(data__files_item__path, (str)):
                                raise JsonSchemaValueException
                            if True:
                                data__files_item__path_len = len(data__files_item__path)
                                if data__files_item__path_len < 1:
                                    raise JsonSchemaValueException
                                if data__files_item__path_len > 4096:
                                    raise JsonSchemaValueException
                        if True:
                            data__files_item__sizebytes = data__files_item["size_bytes"]
                            validate_inventory____defs_count(data__files_item__sizebytes)
                        if True:
                            data__files_item__sha256 = data__files_item["sha256"]
                            validate_inventory____defs_sha256(data__files_item__sha256)
        if data_keys:
            raise JsonSchemaValueException
    return data

def validate_inventory____defs_moment(data):
    if not isinstance(data, (str)):
        raise JsonSchemaValueException
    if True:
        data_len = len(data)
        if data_len > 40:
            raise JsonSchemaValueException
        if not SEARCH['^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$'](data):
            raise JsonSchemaValueException
    return data

def validate_inventory____defs_count(data):
    if not isinstance(data, (int)) and not (isinstance(data, float) and data.is_integer()) or isinstance(data, bool):
        raise JsonSchemaValueException
    if True:
        if data < 0:
            raise JsonSchemaValueException
        if data > 9007199254740992:
            raise JsonSchemaValueException
    return data

def validate_inventory____defs_sha256(data):
    if not isinstance(data, (str)):
        raise JsonSchemaValueException
    if True:
        if not SEARCH['^[0-9a-f]{64}$'](data):
            raise JsonSchemaValueException
    return data

def validate_inventory____defs_format(data):
    if not isinstance(data, (str)):
        raise JsonSchemaValueException
    if True:
        data_len = len(data)
        if data_len > 20:
            raise JsonSchemaValueException
        if not SEARCH['^[0-9]{1,6}[.][0-9]{1,6}$'](data):
            raise JsonSchemaValueException
    return data

VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_0 = frozenset(['dataset'])
VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_1 = frozenset(['model'])
VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_2 = frozenset(['files'])
VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_3 = frozenset(['files_list'])
VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_4 = frozenset(['version'])
VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_5 = frozenset(['by', 'at', 'reason'])
VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_6 = frozenset(['path', 'size_bytes', 'sha256'])
VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_7 = frozenset(['sha256', 'size_bytes'])
VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_8 = frozenset(['tree_sha256', 'total_bytes', 'file_count'])


def validate_urn_mlvgit_schema_manifest(data):
    if not isinstance(data, (dict)):
        raise JsonSchemaValueException
    data_one_of_count1 = 0
    if data_one_of_count1 < 2:
        try:
            data_is_dict = isinstance(data, dict)
            if data_is_dict:
                if not data.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_0:
                    raise JsonSchemaValueException
            data_one_of_count1 += 1
        except (JsonSchemaValueException, JsonSchemaValuesException): pass
    if data_one_of_count1 < 2:
        try:
            data_is_dict = isinstance(data, dict)
            if data_is_dict:
                if not data.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_1:
                    raise JsonSchemaValueException
            data_one_of_count1 += 1
        except (JsonSchemaValueException, JsonSchemaValuesException): pass
    if data_one_of_count1 != 1:
        raise JsonSchemaValueException
    data_one_of_count2 = 0
    if data_one_of_count2 < 2:
        try:
            data_is_dict = isinstance(data, dict)
            if data_is_dict:
                if not data.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_2:
                    raise JsonSchemaValueException
            data_one_of_count2 += 1
        except (JsonSchemaValueException, JsonSchemaValuesException): pass
    if data_one_of_count2 < 2:
        try:
            data_is_dict = isinstance(data, dict)
            if data_is_dict:
                if not data.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_3:
                    raise JsonSchemaValueException
            data_one_of_count2 += 1
        except (JsonSchemaValueException, JsonSchemaValuesException): pass
    if data_one_of_count2 != 1:
        raise JsonSchemaValueException
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        if not data.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_4:
            raise JsonSchemaValueException
        data_keys = set(data.keys())
        if "dataset" in data_keys:
            data_keys.remove("dataset")
            data__dataset = data["dataset"]
            if not isinstance(data__dataset, (str)):
                raise JsonSchemaValueException
            if True:
                data__dataset_len = len(data__dataset)
                if data__dataset_len > 128:
                    raise JsonSchemaValueException
                if not SEARCH['^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$'](data__dataset):
                    raise JsonSchemaValueException
        if "model" in data_keys:
            data_keys.remove("model")
            data__model = data["model"]
            if not isinstance(data__model, (str)):
                raise JsonSchemaValueException
            if True:
                data__model_len = len(data__model)
                if data__model_len > 128:
                    raise JsonSchemaValueException
                if not SEARCH['^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$'](data__model):
                    raise JsonSchemaValueException
        if "version" in data_keys:
            data_keys.remove("version")
            data__version = data["version"]
            if not isinstance(data__version, (str)):
                raise JsonSchemaValueException
            if True:
                data__version_len = len(data__version)
                if data__version_len > 128:
                    raise JsonSchemaValueException
                if not SEARCH['^v[0-9]+[.][0-9]+([.][0-9]+)?([-+][0-9A-Za-z.+-]+)?$'](data__version):
                    raise JsonSchemaValueException
        if "format" in data_keys:
            data_keys.remove("format")
            data__format = data["format"]
            validate_manifest____defs_format(data__format)
        if "tree_sha256" in data_keys:
            data_keys.remove("tree_sha256")
            data__treesha256 = data["tree_sha256"]
            validate_manifest____defs_sha256(data__treesha256)
        if "total_bytes" in data_keys:
            data_keys.remove("total_bytes")
            data__totalbytes = data["total_bytes"]
            validate_manifest____defs_count(data__totalbytes)
        if "file_count" in data_keys:
            data_keys.remove("file_count")
            data__filecount = data["file_count"]
            validate_manifest____defs_count(data__filecount)
        if "created_utc" in data_keys:
            data_keys.remove("created_utc")
            data__createdutc = data["created_utc"]
            validate_manifest____defs_moment(data__createdutc)
        if "notes" in data_keys:
            data_keys.remove("notes")
            data__notes = data["notes"]
            if not isinstance(data__notes, (str)):
                raise JsonSchemaValueException
            if True:
                data__notes_len = len(data__notes)
                if data__notes_len > 100000:
                    raise JsonSchemaValueException
        if "source" in data_keys:
            data_keys.remove("source")
            data__source = data["source"]
            if not isinstance(data__source, (str)):
                raise JsonSchemaValueException
            if True:
                data__source_len = len(data__source)
                if data__source_len > 10000:
                    raise JsonSchemaValueException
        if "derived_from" in data_keys:
            data_keys.remove("derived_from")
            data__derivedfrom = data["derived_from"]
            if not isinstance(data__derivedfrom, (list, tuple)):
                raise JsonSchemaValueException
            data__derivedfrom_is_list = isinstance(data__derivedfrom, (list, tuple))
            if data__derivedfrom_is_list:
                data__derivedfrom_len = len(data__derivedfrom)
                if data__derivedfrom_len > 1000:
                    raise JsonSchemaValueException
                for data__derivedfrom_x, data__derivedfrom_item in enumerate(data__derivedfrom):
                    if not isinstance(data__derivedfrom_item, (str)):
                        raise JsonSchemaValueException
                    if True:
                        data__derivedfrom_item_len = len(data__derivedfrom_item)
                        if data__derivedfrom_item_len < 1:
                            raise JsonSchemaValueException
                        if data__derivedfrom_item_len > 300:
                            raise JsonSchemaValueException
                        if not SEARCH['^[A-Za-z0-9]'](data__derivedfrom_item):
                            raise JsonSchemaValueException
        if "run" in data_keys:
            data_keys.remove("run")
            data__run = data["run"]
            if not isinstance(data__run, (str)):
                raise JsonSchemaValueException
            if True:
                data__run_len = len(data__run)
                if data__run_len > 128:
                    raise JsonSchemaValueException
                if not SEARCH['^[A-Za-z0-9][A-Za-z0-9_.+-]*$'](data__run):
                    raise JsonSchemaValueException
        if "owner" in data_keys:
            data_keys.remove("owner")
            data__owner = data["owner"]
            if not isinstance(data__owner, (str)):
                raise JsonSchemaValueException
            if True:
                data__owner_len = len(data__owner)
                if data__owner_len > 1000:
                    raise JsonSchemaValueException
        if "license" in data_keys:
            data_keys.remove("license")
            data__license = data["license"]
            if not isinstance(data__license, (str)):
                raise JsonSchemaValueException
            if True:
                data__license_len = len(data__license)
                if data__license_len > 1000:
                    raise JsonSchemaValueException
        if "created_by" in data_keys:
            data_keys.remove("created_by")
            data__createdby = data["created_by"]
            if not isinstance(data__createdby, (str)):
                raise JsonSchemaValueException
            if True:
                data__createdby_len = len(data__createdby)
                if data__createdby_len > 1000:
                    raise JsonSchemaValueException
        if "storage" in data_keys:
            data_keys.remove("storage")
            data__storage = data["storage"]
            if not isinstance(data__storage, (str)):
                raise JsonSchemaValueException
            if not (isinstance(data__storage, str) and data__storage == 'git' or isinstance(data__storage, str) and data__storage == 'store'):
                raise JsonSchemaValueException
        if "metadata" in data_keys:
            data_keys.remove("metadata")
            data__metadata = data["metadata"]
            if not isinstance(data__metadata, (dict)):
                raise JsonSchemaValueException
        if "retired" in data_keys:
            data_keys.remove("retired")
            data__retired = data["retired"]
            if not isinstance(data__retired, (dict)):
                raise JsonSchemaValueException
            if True:
                if not data__retired.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_5:
                    raise JsonSchemaValueException
                data__retired_keys = set(data__retired.keys())
                if "by" in data__retired_keys:
                    data__retired_keys.remove("by")
                    data__retired__by = data__retired["by"]
                    if not isinstance(data__retired__by, (str)):
                        raise JsonSchemaValueException
                    if True:
                        data__retired__by_len = len(data__retired__by)
                        if data__retired__by_len < 1:
                            raise JsonSchemaValueException
                        if data__retired__by_len > 1000:
                            raise JsonSchemaValueException
                if "at" in data__retired_keys:
                    data__retired_keys.remove("at")
                    data__retired__at = data__retired["at"]
                    validate_manifest____defs_moment(data__retired__at)
                if "reason" in data__retired_keys:
                    data__retired_keys.remove("reason")
                    data__retired__reason = data__retired["reason"]
                    if not isinstance(data__retired__reason, (str)):
                        raise JsonSchemaValueException
                    if True:
                        data__retired__reason_len = len(data__retired__reason)
                        if data__retired__reason_len < 1:
                            raise JsonSchemaValueException
                        if data__retired__reason_len > 10000:
                            raise JsonSchemaValueException
                if "bytes" in data__retired_keys:
                    data__retired_keys.remove("bytes")
                    data__retired__bytes = data__retired["bytes"]
                    validate_manifest____defs_count(data__retired__bytes)
                if "paths" in data__retired_keys:
                    data__retired_keys.remove("paths")
                    data__retired__paths = data__retired["paths"]
                    if not isinstance(data__retired__paths, (list, tuple)):
                        raise JsonSchemaValueException
                    data__retired__paths_is_list = isinstance(data__retired__paths, (list, tuple))
                    if data__retired__paths_is_list:
                        data__retired__paths_len = len(data__retired__paths)
                        for data__retired__paths_x, data__retired__paths_item in enumerate(data__retired__paths):
                            if not isinstance(data__retired__paths_item, (str)):
                                raise JsonSchemaValueException
                            if True:
                                data__retired__paths_item_len = len(data__retired__paths_item)
                                if data__retired__paths_item_len < 1:
                                    raise JsonSchemaValueException
                if data__retired_keys:
                    raise JsonSchemaValueException
        if "files" in data_keys:
            data_keys.remove("files")
            data__files = data["files"]
            if not isinstance(data__files, (list, tuple)):
                raise JsonSchemaValueException
            data__files_is_list = isinstance(data__files, (list, tuple))
            if data__files_is_list:
                data__files_len = len(data__files)
                if data__files_len < 1:
                    raise JsonSchemaValueException
                for data__files_x, data__files_item in enumerate(data__files):
                    if not isinstance(data__files_item, (dict)):
                        raise JsonSchemaValueException
                    if True:
                        if data__files_item.keys() != VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_6:
                            raise JsonSchemaValueException
                        if True:
                            data__files_item__path = data__files_item["path"]
                            if not isinstance(data__files_item__path, (str)):
                                raise JsonSchemaValueException
                        if True:
                            data__files_item__sizebytes = data__files_item["size_bytes"]
                            if not isinstance(data__files_item__sizebytes, (int)) and not (isinstance(data__files_item__sizebytes, float) and data__files_item__sizebytes.is_integer()) or isinstance(data__files_item__sizebytes, bool):
                                raise JsonSchemaValueException
                            if True:
                                if data__files_item__sizebytes < 0:
                                    raise JsonSchemaValueException
                                if data__files_item__sizebytes > 9007199254740992:
                                    raise JsonSchemaValueException
                        if True:
                            data__files_item__sha256 = data__files_item["sha256"]
                            if not isinstance(data__files_item__sha256, (str)):
                                raise JsonSchemaValueException
                            if True:
                                if not SEARCH['^[0-9a-f]{64}$'](data__files_item__sha256):
                                    raise JsonSchemaValueException
        if "files_list" in data_keys:
            data_keys.remove("files_list")
            data__fileslist = data["files_list"]
            if not isinstance(data__fileslist, (dict)):
                raise JsonSchemaValueException
            if True:
                if data__fileslist.keys() != VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_7:
                    raise JsonSchemaValueException
                if True:
                    data__fileslist__sha256 = data__fileslist["sha256"]
                    validate_manifest____defs_sha256(data__fileslist__sha256)
                if True:
                    data__fileslist__sizebytes = data__fileslist["size_bytes"]
                    if not isinstance(data__fileslist__sizebytes, (int)) and not (isinstance(data__fileslist__sizebytes, float) and data__fileslist__sizebytes.is_integer()) or isinstance(data__fileslist__sizebytes, bool):
                        raise JsonSchemaValueException
                    if True:
                        if data__fileslist__sizebytes < 1:
                            raise JsonSchemaValueException
                        if data__fileslist__sizebytes > 1073741824:
                            raise JsonSchemaValueException
        if data_keys:
            raise JsonSchemaValueException
    try:
        data_is_dict = isinstance(data, dict)
        if data_is_dict:
            if not data.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_3:
                raise JsonSchemaValueException
    except (JsonSchemaValueException, JsonSchemaValuesException):
        pass
    else:
        data_is_dict = isinstance(data, dict)
        if data_is_dict:
            if not data.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_MANIFEST_8:
                raise JsonSchemaValueException
    return data

def validate_manifest____defs_moment(data):
    if not isinstance(data, (str)):
        raise JsonSchemaValueException
    if True:
        data_len = len(data)
        if data_len > 40:
            raise JsonSchemaValueException
        if not SEARCH['^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$'](data):
            raise JsonSchemaValueException
    return data

def validate_manifest____defs_count(data):
    if not isinstance(data, (int)) and not (isinstance(data, float) and data.is_integer()) or isinstance(data, bool):
        raise JsonSchemaValueException
    if True:
        if data < 0:
            raise JsonSchemaValueException
        if data > 9007199254740992:
            raise JsonSchemaValueException
    return data

def validate_manifest____defs_sha256(data):
    if not isinstance(data, (str)):
        raise JsonSchemaValueException
    if True:
        if not SEARCH['^[0-9a-f]{64}$'](data):
            raise JsonSchemaValueException
    return data

def validate_manifest____defs_format(data):
    if not isinstance(data, (str)):
        raise JsonSchemaValueException
    if True:
        data_len = len(data)
        if data_len > 20:
            raise JsonSchemaValueException
        if not SEARCH['^[0-9]{1,6}[.][0-9]{1,6}$'](data):
            raise JsonSchemaValueException
    return data

VALIDATE_URN_MLVGIT_SCHEMA_REGISTRY_0 = frozenset(['name', 'versions'])
VALIDATE_URN_MLVGIT_SCHEMA_REGISTRY_1 = frozenset(['version', 'stage'])
VALIDATE_URN_MLVGIT_SCHEMA_REGISTRY_2 = frozenset(['text'])


def validate_urn_mlvgit_schema_registry(data):
    if not isinstance(data, (dict)):
        raise JsonSchemaValueException
    if True:
        if not data.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_REGISTRY_0:
            raise JsonSchemaValueException
        data_keys = set(data.keys())
        if "name" in data_keys:
            data_keys.remove("name")
            data__name = data["name"]
            if not isinstance(data__name, (str)):
                raise JsonSchemaValueException
            if True:
                data__name_len = len(data__name)
                if data__name_len > 128:
                    raise JsonSchemaValueException
                if not SEARCH['^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$'](data__name):
                    raise JsonSchemaValueException
        if "format" in data_keys:
            data_keys.remove("format")
            data__format = data["format"]
            if not isinstance(data__format, (str)):
                raise JsonSchemaValueException
            if True:
                data__format_len = len(data__format)
                if data__format_len > 20:
                    raise JsonSchemaValueException
                if not SEARCH['^[0-9]{1,6}[.][0-9]{1,6}$'](data__format):
                    raise JsonSchemaValueException
        if "versions" in data_keys:
            data_keys.remove("versions")
            data__versions = data["versions"]
            if not isinstance(data__versions, (list, tuple)):
                raise JsonSchemaValueException
            data__versions_is_list = isinstance(data__versions, (list, tuple))
            if data__versions_is_list:
                data__versions_len = len(data__versions)
                for data__versions_x, data__versions_item in enumerate(data__versions):
                    if not isinstance(data__versions_item, (dict)):
                        raise JsonSchemaValueException
                    if True:
                        if not data__versions_item.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_REGISTRY_1:
                            raise JsonSchemaValueException
                        data__versions_item_keys = set(data__versions_item.keys())
                        if "version" in data__versions_item_keys:
                            data__versions_item_keys.remove("version")
                            data__versions_item__version = data__versions_item["version"]
                            if not isinstance(data__versions_item__version, (str)):
                                raise JsonSchemaValueException
                            if True:
                                data__versions_item__version_len = len(data__versions_item__version)
                                if data__versions_item__version_len > 128:
                                    raise JsonSchemaValueException
                                if not SEARCH['^v(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)([-+][0-9A-Za-z.+-]+)?$'](data__versions_item__version):
                                    raise JsonSchemaValueException
                        if "stage" in data__versions_item_keys:
                            data__versions_item_keys.remove("stage")
                            data__versions_item__stage = data__versions_item["stage"]
                            if not isinstance(data__versions_item__stage, (str)):
                                raise JsonSchemaValueException
                            if True:
                                data__versions_item__stage_len = len(data__versions_item__stage)
                                if data__versions_item__stage_len > 128:
                                    raise JsonSchemaValueException
                                if not SEARCH['^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$'](data__versions_item__stage):
                                    raise JsonSchemaValueException
                        if "tree_sha256" in data__versions_item_keys:
                            data__versions_item_keys.remove("tree_sha256")
                            data__versions_item__treesha256 = data__versions_item["tree_sha256"]
                            if not isinstance(data__versions_item__treesha256, (str)):
                                raise JsonSchemaValueException
                            if True:
                                if not SEARCH['^[0-9a-f]{64}$'](data__versions_item__treesha256):
                                    raise JsonSchemaValueException
                        if "run" in data__versions_item_keys:
                            data__versions_item_keys.remove("run")
                            data__versions_item__run = data__versions_item["run"]
                            if not isinstance(data__versions_item__run, (str)):
                                raise JsonSchemaValueException
                            if True:
                                data__versions_item__run_len = len(data__versions_item__run)
                                if data__versions_item__run_len > 128:
                                    raise JsonSchemaValueException
                                if not SEARCH['^[A-Za-z0-9][A-Za-z0-9_.+-]*$'](data__versions_item__run):
                                    raise JsonSchemaValueException
                        if "data_snapshots" in data__versions_item_keys:
                            data__versions_item_keys.remove("data_snapshots")
                            data__versions_item__datasnapshots = data__versions_item["data_snapshots"]
                            if not isinstance(data__versions_item__datasnapshots, (list, tuple)):
                                raise JsonSchemaValueException
                            data__versions_item__datasnapshots_is_list = isinstance(data__versions_item__datasnapshots, (list, tuple))
                            if data__versions_item__datasnapshots_is_list:
                                data__versions_item__datasnapshots_len = len(data__versions_item__datasnapshots)
                                if data__versions_item__datasnapshots_len > 1000:
                                    raise JsonSchemaValueException
                                for data__versions_item__datasnapshots_x, data__versions_item__datasnapshots_item in enumerate(data__versions_item__datasnapshots):
                                    if not isinstance(data__versions_item__datasnapshots_item, (str)):
                                        raise JsonSchemaValueException
                                    if True:
                                        data__versions_item__datasnapshots_item_len = len(data__versions_item__datasnapshots_item)
                                        if data__versions_item__datasnapshots_item_len > 300:
                                            raise JsonSchemaValueException
                                        if not SEARCH['^[A-Za-z0-9]'](data__versions_item__datasnapshots_item):
                                            raise JsonSchemaValueException
                        if "registered_utc" in data__versions_item_keys:
                            data__versions_item_keys.remove("registered_utc")
                            data__versions_item__registeredutc = data__versions_item["registered_utc"]
                            validate_registry____defs_moment(data__versions_item__registeredutc)
                        if "comments" in data__versions_item_keys:
                            data__versions_item_keys.remove("comments")
                            data__versions_item__comments = data__versions_item["comments"]
                            if not isinstance(data__versions_item__comments, (list, tuple)):
                                raise JsonSchemaValueException
                            data__versions_item__comments_is_list = isinstance(data__versions_item__comments, (list, tuple))
                            if data__versions_item__comments_is_list:
                                data__versions_item__comments_len = len(data__versions_item__comments)
                                for data__versions_item__comments_x, data__versions_item__comments_item in enumerate(data__versions_item__comments):
                                    if not isinstance(data__versions_item__comments_item, (dict)):
                                        raise JsonSchemaValueException
                                    if True:
                                        if not data__versions_item__comments_item.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_REGISTRY_2:
                                            raise JsonSchemaValueException
                                        data__versions_item__comments_item_keys = set(data__versions_item__comments_item.keys())
                                        if "at" in data__versions_item__comments_item_keys:
                                            data__versions_item__comments_item_keys.remove("at")
                                            data__versions_item__comments_item__at = data__versions_item__comments_item["at"]
                                            validate_registry____defs_moment(data__versions_item__comments_item__at)
                                        if "by" in data__versions_item__comments_item_keys:
                                            data__versions_item__comments_item_keys.remove("by")
                                            data__versions_item__comments_item__by = data__versions_item__comments_item["by"]
                                            if not isinstance(data__versions_item__comments_item__by, (str)):
                                                raise JsonSchemaValueException
                                            if True:
                                                data__versions_item__comments_item__by_len = len(data__versions_item__comments_item__by)
                                                if data__versions_item__comments_item__by_len > 1000:
                                                    raise JsonSchemaValueException
                                        if "text" in data__versions_item__comments_item_keys:
                                            data__versions_item__comments_item_keys.remove("text")
                                            data__versions_item__comments_item__text = data__versions_item__comments_item["text"]
                                            if not isinstance(data__versions_item__comments_item__text, (str)):
                                                raise JsonSchemaValueException
                                            if True:
                                                data__versions_item__comments_item__text_len = len(data__versions_item__comments_item__text)
                                                if data__versions_item__comments_item__text_len > 100000:
                                                    raise JsonSchemaValueException
                                        if data__versions_item__comments_item_keys:
                                            raise JsonSchemaValueException
                        if data__versions_item_keys:
                            raise JsonSchemaValueException
        if data_keys:
            raise JsonSchemaValueException
    return data

def validate_registry____defs_moment(data):
    if not isinstance(data, (str)):
        raise JsonSchemaValueException
    if True:
        data_len = len(data)
        if data_len > 40:
            raise JsonSchemaValueException
        if not SEARCH['^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$'](data):
            raise JsonSchemaValueException
    return data

VALIDATE_URN_MLVGIT_SCHEMA_RUN_0 = frozenset(['run_id', 'code_commit', 'data_snapshot'])


def validate_urn_mlvgit_schema_run(data):
    if not isinstance(data, (dict)):
        raise JsonSchemaValueException
    if True:
        if not data.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_RUN_0:
            raise JsonSchemaValueException
        data_keys = set(data.keys())
        if "format" in data_keys:
            data_keys.remove("format")
            data__format = data["format"]
            if not isinstance(data__format, (str)):
                raise JsonSchemaValueException
            if True:
                data__format_len = len(data__format)
                if data__format_len > 20:
                    raise JsonSchemaValueException
                if not SEARCH['^[0-9]{1,6}[.][0-9]{1,6}$'](data__format):
                    raise JsonSchemaValueException
        if "run_id" in data_keys:
            data_keys.remove("run_id")
            data__runid = data["run_id"]
            if not isinstance(data__runid, (str)):
                raise JsonSchemaValueException
            if True:
                data__runid_len = len(data__runid)
                if data__runid_len > 128:
                    raise JsonSchemaValueException
                if not SEARCH['^[A-Za-z0-9][A-Za-z0-9_.+-]*$'](data__runid):
                    raise JsonSchemaValueException
        if "code_commit" in data_keys:
            data_keys.remove("code_commit")
            data__codecommit = data["code_commit"]
            if not isinstance(data__codecommit, (str)):
                raise JsonSchemaValueException
            if True:
                if not SEARCH['^[0-9a-f]{4,64}$'](data__codecommit):
                    raise JsonSchemaValueException
        if "code_sha256" in data_keys:
            data_keys.remove("code_sha256")
            data__codesha256 = data["code_sha256"]
            if not isinstance(data__codesha256, (str)):
                raise JsonSchemaValueException
            if True:
                if not SEARCH['^[0-9a-f]{64}$'](data__codesha256):
                    raise JsonSchemaValueException
        if "data_snapshot" in data_keys:
            data_keys.remove("data_snapshot")
            data__datasnapshot = data["data_snapshot"]
            if not isinstance(data__datasnapshot, (str, list, tuple)):
                raise JsonSchemaValueException
            if isinstance(data__datasnapshot, str):
                data__datasnapshot_len = len(data__datasnapshot)
                if data__datasnapshot_len > 300:
                    raise JsonSchemaValueException
                if not SEARCH['^[A-Za-z0-9][^<>]*$'](data__datasnapshot):
                    raise JsonSchemaValueException
            data__datasnapshot_is_list = isinstance(data__datasnapshot, (list, tuple))
            if data__datasnapshot_is_list:
                data__datasnapshot_len = len(data__datasnapshot)
                if data__datasnapshot_len > 1000:
                    raise JsonSchemaValueException
                for data__datasnapshot_x, data__datasnapshot_item in enumerate(data__datasnapshot):
                    if not isinstance(data__datasnapshot_item, (str)):
                        raise JsonSchemaValueException
                    if True:
                        data__datasnapshot_item_len = len(data__datasnapshot_item)
                        if data__datasnapshot_item_len > 300:
                            raise JsonSchemaValueException
                        if not SEARCH['^[A-Za-z0-9][^<>]*$'](data__datasnapshot_item):
                            raise JsonSchemaValueException
        if "params" in data_keys:
            data_keys.remove("params")
            data__params = data["params"]
            if not isinstance(data__params, (dict)):
                raise JsonSchemaValueException
        if "env" in data_keys:
            data_keys.remove("env")
            data__env = data["env"]
            if not isinstance(data__env, (dict)):
                raise JsonSchemaValueException
            if True:
                data__env_keys = set(data__env.keys())
                if "python" in data__env_keys:
                    data__env_keys.remove("python")
                    data__env__python = data__env["python"]
                    if not isinstance(data__env__python, (str)):
                        raise JsonSchemaValueException
                    if True:
                        data__env__python_len = len(data__env__python)
                        if data__env__python_len > 200:
                            raise JsonSchemaValueException
                        if not SEARCH['^[^<>]*[^<>.]$'](data__env__python):
                            raise JsonSchemaValueException
                if "requirements_lock" in data__env_keys:
                    data__env_keys.remove("requirements_lock")
                    data__env__requirementslock = data__env["requirements_lock"]
                    if not isinstance(data__env__requirementslock, (str)):
                        raise JsonSchemaValueException
                    if True:
                        data__env__requirementslock_len = len(data__env__requirementslock)
                        if data__env__requirementslock_len > 1000:
                            raise JsonSchemaValueException
                        if not SEARCH['^(sha256:[0-9a-f]{64}|(?!sha256:)[^<>]*[^<>.])$'](data__env__requirementslock):
                            raise JsonSchemaValueException
                if "container_image" in data__env_keys:
                    data__env_keys.remove("container_image")
                    data__env__containerimage = data__env["container_image"]
                    if not isinstance(data__env__containerimage, (str)):
                        raise JsonSchemaValueException
                    if True:
                        data__env__containerimage_len = len(data__env__containerimage)
                        if data__env__containerimage_len > 1000:
                            raise JsonSchemaValueException
                        if not SEARCH['^[^<> ]*[^<> .]$'](data__env__containerimage):
                            raise JsonSchemaValueException
                for data__env_key in data__env_keys:
                    if data__env_key not in ['python', 'requirements_lock', 'container_image']:
                        data__env_value = data__env.get(data__env_key)
                        if not isinstance(data__env_value, (str)):
                            raise JsonSchemaValueException
                        if True:
                            data__env_value_len = len(data__env_value)
                            if data__env_value_len > 10000:
                                raise JsonSchemaValueException
        if "command" in data_keys:
            data_keys.remove("command")
            data__command = data["command"]
            if not isinstance(data__command, (str, list, tuple)):
                raise JsonSchemaValueException
            if isinstance(data__command, str):
                data__command_len = len(data__command)
                if data__command_len > 100000:
                    raise JsonSchemaValueException
            data__command_is_list = isinstance(data__command, (list, tuple))
            if data__command_is_list:
                data__command_len = len(data__command)
                for data__command_x, data__command_item in enumerate(data__command):
                    if not isinstance(data__command_item, (str)):
                        raise JsonSchemaValueException
        if "started_utc" in data_keys:
            data_keys.remove("started_utc")
            data__startedutc = data["started_utc"]
            if not isinstance(data__startedutc, (str)):
                raise JsonSchemaValueException
            if True:
                data__startedutc_len = len(data__startedutc)
                if data__startedutc_len > 40:
                    raise JsonSchemaValueException
                if not SEARCH['^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$'](data__startedutc):
                    raise JsonSchemaValueException
        if "duration_seconds" in data_keys:
            data_keys.remove("duration_seconds")
            data__durationseconds = data["duration_seconds"]
            if not isinstance(data__durationseconds, (int, float)) or isinstance(data__durationseconds, bool):
                raise JsonSchemaValueException
            if isinstance(data__durationseconds, (int, float)) and not isinstance(data__durationseconds, bool):
                if data__durationseconds < 0:
                    raise JsonSchemaValueException
        if "platform" in data_keys:
            data_keys.remove("platform")
            data__platform = data["platform"]
            if not isinstance(data__platform, (str)):
                raise JsonSchemaValueException
            if True:
                data__platform_len = len(data__platform)
                if data__platform_len > 1000:
                    raise JsonSchemaValueException
        if "outputs" in data_keys:
            data_keys.remove("outputs")
            data__outputs = data["outputs"]
            if not isinstance(data__outputs, (dict)):
                raise JsonSchemaValueException
            if True:
                data__outputs_keys = set(data__outputs.keys())
                if "model" in data__outputs_keys:
                    data__outputs_keys.remove("model")
                    data__outputs__model = data__outputs["model"]
                    if not isinstance(data__outputs__model, (str)):
                        raise JsonSchemaValueException
                    if True:
                        data__outputs__model_len = len(data__outputs__model)
                        if data__outputs__model_len > 128:
                            raise JsonSchemaValueException
                        if not SEARCH['^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$'](data__outputs__model):
                            raise JsonSchemaValueException
                if "model_version" in data__outputs_keys:
                    data__outputs_keys.remove("model_version")
                    data__outputs__modelversion = data__outputs["model_version"]
                    if not isinstance(data__outputs__modelversion, (str)):
                        raise JsonSchemaValueException
                    if True:
                        data__outputs__modelversion_len = len(data__outputs__modelversion)
                        if data__outputs__modelversion_len > 128:
                            raise JsonSchemaValueException
                        if not SEARCH['^v(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)([-+][0-9A-Za-z.+-]+)?$'](data__outputs__modelversion):
                            raise JsonSchemaValueException
                if "tree_sha256" in data__outputs_keys:
                    data__outputs_keys.remove("tree_sha256")
                    data__outputs__treesha256 = data__outputs["tree_sha256"]
                    if not isinstance(data__outputs__treesha256, (str)):
                        raise JsonSchemaValueException
                    if True:
                        if not SEARCH['^[0-9a-f]{64}$'](data__outputs__treesha256):
                            raise JsonSchemaValueException
                if "metrics" in data__outputs_keys:
                    data__outputs_keys.remove("metrics")
                    data__outputs__metrics = data__outputs["metrics"]
                    if not isinstance(data__outputs__metrics, (dict)):
                        raise JsonSchemaValueException
                if data__outputs_keys:
                    raise JsonSchemaValueException
        if "tolerances" in data_keys:
            data_keys.remove("tolerances")
            data__tolerances = data["tolerances"]
            if not isinstance(data__tolerances, (dict)):
                raise JsonSchemaValueException
            if True:
                data__tolerances_keys = set(data__tolerances.keys())
                for data__tolerances_key in data__tolerances_keys:
                    if data__tolerances_key not in []:
                        data__tolerances_value = data__tolerances.get(data__tolerances_key)
                        if not isinstance(data__tolerances_value, (int, float, dict)) or isinstance(data__tolerances_value, bool):
                            raise JsonSchemaValueException
                        if isinstance(data__tolerances_value, (int, float)) and not isinstance(data__tolerances_value, bool):
                            if data__tolerances_value < 0:
                                raise JsonSchemaValueException
                        data__tolerances_value_is_dict = isinstance(data__tolerances_value, dict)
                        if data__tolerances_value_is_dict:
                            data__tolerances_value_keys = set(data__tolerances_value.keys())
                            if "abs" in data__tolerances_value_keys:
                                data__tolerances_value_keys.remove("abs")
                                data__tolerances_value__abs = data__tolerances_value["abs"]
                                if not isinstance(data__tolerances_value__abs, (int, float)) or isinstance(data__tolerances_value__abs, bool):
                                    raise JsonSchemaValueException
                                if isinstance(data__tolerances_value__abs, (int, float)) and not isinstance(data__tolerances_value__abs, bool):
                                    if data__tolerances_value__abs < 0:
                                        raise JsonSchemaValueException
                            if "rel" in data__tolerances_value_keys:
                                data__tolerances_value_keys.remove("rel")
                                data__tolerances_value__rel = data__tolerances_value["rel"]
                                if not isinstance(data__tolerances_value__rel, (int, float)) or isinstance(data__tolerances_value__rel, bool):
                                    raise JsonSchemaValueException
                                if isinstance(data__tolerances_value__rel, (int, float)) and not isinstance(data__tolerances_value__rel, bool):
                                    if data__tolerances_value__rel < 0:
                                        raise JsonSchemaValueException
                            if data__tolerances_value_keys:
                                raise JsonSchemaValueException
        if "notes" in data_keys:
            data_keys.remove("notes")
            data__notes = data["notes"]
            if not isinstance(data__notes, (str)):
                raise JsonSchemaValueException
            if True:
                data__notes_len = len(data__notes)
                if data__notes_len > 100000:
                    raise JsonSchemaValueException
        if data_keys:
            raise JsonSchemaValueException
    return data

VALIDATE_URN_MLVGIT_SCHEMA_SETTINGS_0 = frozenset(['code', 'path', 'reason'])
VALIDATE_URN_MLVGIT_SCHEMA_SETTINGS_1 = frozenset(['url'])


def validate_urn_mlvgit_schema_settings(data):
    if not isinstance(data, (dict)):
        raise JsonSchemaValueException
    if True:
        data_keys = set(data.keys())
        if "format" in data_keys:
            data_keys.remove("format")
            data__format = data["format"]
            if not isinstance(data__format, (str)):
                raise JsonSchemaValueException
            if True:
                data__format_len = len(data__format)
                if data__format_len > 20:
                    raise JsonSchemaValueException
                if not SEARCH['^[0-9]{1,6}[.][0-9]{1,6}$'](data__format):
                    raise JsonSchemaValueException
        if "requires" in data_keys:
            data_keys.remove("requires")
            data__requires = data["requires"]
            if not isinstance(data__requires, (str)):
                raise JsonSchemaValueException
            if True:
                data__requires_len = len(data__requires)
                if data__requires_len > 40:
                    raise JsonSchemaValueException
                if not SEARCH['^(>= ?)?[0-9]{1,6}([.][0-9]{1,6}){0,2}$'](data__requires):
                    raise JsonSchemaValueException
        if "folders" in data_keys:
            data_keys.remove("folders")
            data__folders = data["folders"]
            if not isinstance(data__folders, (dict)):
                raise JsonSchemaValueException
            if True:
                data__folders_keys = set(data__folders.keys())
                if "snapshots" in data__folders_keys:
                    data__folders_keys.remove("snapshots")
                    data__folders__snapshots = data__folders["snapshots"]
                    validate_settings____defs_folder(data__folders__snapshots)
                if "models" in data__folders_keys:
                    data__folders_keys.remove("models")
                    data__folders__models = data__folders["models"]
                    validate_settings____defs_folder(data__folders__models)
                if "runs" in data__folders_keys:
                    data__folders_keys.remove("runs")
                    data__folders__runs = data__folders["runs"]
                    validate_settings____defs_folder(data__folders__runs)
                if "env" in data__folders_keys:
                    data__folders_keys.remove("env")
                    data__folders__env = data__folders["env"]
                    validate_settings____defs_folder(data__folders__env)
                if data__folders_keys:
                    raise JsonSchemaValueException
        if "protect" in data_keys:
            data_keys.remove("protect")
            data__protect = data["protect"]
            if not isinstance(data__protect, (list, tuple)):
                raise JsonSchemaValueException
            data__protect_is_list = isinstance(data__protect, (list, tuple))
            if data__protect_is_list:
                data__protect_len = len(data__protect)
                if data__protect_len > 100:
                    raise JsonSchemaValueException
                for data__protect_x, data__protect_item in enumerate(data__protect):
                    if not isinstance(data__protect_item, (str)):
                        raise JsonSchemaValueException
                    if True:
                        data__protect_item_len = len(data__protect_item)
                        if data__protect_item_len > 300:
                            raise JsonSchemaValueException
                        if not SEARCH['^[^-/\\s~^:?\\\\][^\\s~^:?\\\\]*$'](data__protect_item):
                            raise JsonSchemaValueException
        if "release_branch" in data_keys:
            data_keys.remove("release_branch")
            data__releasebranch = data["release_branch"]
            if not isinstance(data__releasebranch, (str)):
                raise JsonSchemaValueException
            if True:
                data__releasebranch_len = len(data__releasebranch)
                if data__releasebranch_len > 300:
                    raise JsonSchemaValueException
                if not SEARCH['^[^-/\\s~^:?*\\\\\\[][^\\s~^:?*\\\\\\[]*$'](data__releasebranch):
                    raise JsonSchemaValueException
        if "mode" in data_keys:
            data_keys.remove("mode")
            data__mode = data["mode"]
            if not isinstance(data__mode, (str)):
                raise JsonSchemaValueException
            if not (isinstance(data__mode, str) and data__mode == 'enforce' or isinstance(data__mode, str) and data__mode == 'advise'):
                raise JsonSchemaValueException
        if "limits" in data_keys:
            data_keys.remove("limits")
            data__limits = data["limits"]
            if not isinstance(data__limits, (dict)):
                raise JsonSchemaValueException
            if True:
                data__limits_keys = set(data__limits.keys())
                if "file_in_git" in data__limits_keys:
                    data__limits_keys.remove("file_in_git")
                    data__limits__fileingit = data__limits["file_in_git"]
                    validate_settings____defs_size(data__limits__fileingit)
                if "git_limit" in data__limits_keys:
                    data__limits_keys.remove("git_limit")
                    data__limits__gitlimit = data__limits["git_limit"]
                    validate_settings____defs_size(data__limits__gitlimit)
                if "list_files" in data__limits_keys:
                    data__limits_keys.remove("list_files")
                    data__limits__listfiles = data__limits["list_files"]
                    if not isinstance(data__limits__listfiles, (int)) and not (isinstance(data__limits__listfiles, float) and data__limits__listfiles.is_integer()) or isinstance(data__limits__listfiles, bool):
                        raise JsonSchemaValueException
                    if True:
                        if data__limits__listfiles < 0:
                            raise JsonSchemaValueException
                        if data__limits__listfiles > 9007199254740992:
                            raise JsonSchemaValueException
                if data__limits_keys:
                    raise JsonSchemaValueException
        if "stages" in data_keys:
            data_keys.remove("stages")
            data__stages = data["stages"]
            if not isinstance(data__stages, (dict)):
                raise JsonSchemaValueException
            if True:
                data__stages_len = len(data__stages)
                if data__stages_len < 1:
                    raise JsonSchemaValueException
                if data__stages_len > 50:
                    raise JsonSchemaValueException
                data__stages_keys = set(data__stages.keys())
                for data__stages_key in data__stages_keys:
                    if data__stages_key not in []:
                        data__stages_value = data__stages.get(data__stages_key)
                        if not isinstance(data__stages_value, (dict, NoneType)):
                            raise JsonSchemaValueException
                        data__stages_value_is_dict = isinstance(data__stages_value, dict)
                        if data__stages_value_is_dict:
                            data__stages_value_keys = set(data__stages_value.keys())
                            if "one" in data__stages_value_keys:
                                data__stages_value_keys.remove("one")
                                data__stages_value__one = data__stages_value["one"]
                                if not isinstance(data__stages_value__one, (bool)):
                                    raise JsonSchemaValueException
                            if "tag" in data__stages_value_keys:
                                data__stages_value_keys.remove("tag")
                                data__stages_value__tag = data__stages_value["tag"]
                                if not isinstance(data__stages_value__tag, (bool)):
                                    raise JsonSchemaValueException
                            if "from" in data__stages_value_keys:
                                data__stages_value_keys.remove("from")
                                data__stages_value__from = data__stages_value["from"]
                                if not isinstance(data__stages_value__from, (list, tuple)):
                                    raise JsonSchemaValueException
                                data__stages_value__from_is_list = isinstance(data__stages_value__from, (list, tuple))
                                if data__stages_value__from_is_list:
                                    data__stages_value__from_len = len(data__stages_value__from)
                                    if data__stages_value__from_len > 50:
                                        raise JsonSchemaValueException
                                    for data__stages_value__from_x, data__stages_value__from_item in enumerate(data__stages_value__from):
                                        if not isinstance(data__stages_value__from_item, (str)):
                                            raise JsonSchemaValueException
                            if data__stages_value_keys:
                                raise JsonSchemaValueException
                if data__stages_len != 0:
                    data__stages_property_names = True
                    for data__stages_key in data__stages:
                        try:
                            if isinstance(data__stages_key, str):
                                data__stages_key_len = len(data__stages_key)
                                if data__stages_key_len > 128:
                                    raise JsonSchemaValueException
                                if not SEARCH['^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$'](data__stages_key):
                                    raise JsonSchemaValueException
                        except (JsonSchemaValueException, JsonSchemaValuesException):
                            data__stages_property_names = False
                    if not data__stages_property_names:
                        raise JsonSchemaValueException
        if "exceptions" in data_keys:
            data_keys.remove("exceptions")
            data__exceptions = data["exceptions"]
            if not isinstance(data__exceptions, (list, tuple)):
                raise JsonSchemaValueException
            data__exceptions_is_list = isinstance(data__exceptions, (list, tuple))
            if data__exceptions_is_list:
                data__exceptions_len = len(data__exceptions)
                if data__exceptions_len > 1000:
                    raise JsonSchemaValueException
                for data__exceptions_x, data__exceptions_item in enumerate(data__exceptions):
                    if not isinstance(data__exceptions_item, (dict)):
                        raise JsonSchemaValueException
                    if True:
                        if not data__exceptions_item.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_SETTINGS_0:
                            raise JsonSchemaValueException
                        data__exceptions_item_keys = set(data__exceptions_item.keys())
                        if "code" in data__exceptions_item_keys:
                            data__exceptions_item_keys.remove("code")
                            data__exceptions_item__code = data__exceptions_item["code"]
                            if not isinstance(data__exceptions_item__code, (str)):
                                raise JsonSchemaValueException
                            if True:
                                if not SEARCH['^MLV[0-9]{3}$'](data__exceptions_item__code):
                                    raise JsonSchemaValueException
                        if "path" in data__exceptions_item_keys:
                            data__exceptions_item_keys.remove("path")
                            data__exceptions_item__path = data__exceptions_item["path"]
                            if not isinstance(data__exceptions_item__path, (str)):
                                raise JsonSchemaValueException
                            if True:
                                data__exceptions_item__path_len = len(data__exceptions_item__path)
                                if data__exceptions_item__path_len < 1:
                                    raise JsonSchemaValueException
                                if data__exceptions_item__path_len > 4096:
                                    raise JsonSchemaValueException
                        if "reason" in data__exceptions_item_keys:
                            data__exceptions_item_keys.remove("reason")
                            data__exceptions_item__reason = data__exceptions_item["reason"]
                            if not isinstance(data__exceptions_item__reason, (str)):
                                raise JsonSchemaValueException
                            if True:
                                data__exceptions_item__reason_len = len(data__exceptions_item__reason)
                                if data__exceptions_item__reason_len < 1:
                                    raise JsonSchemaValueException
                                if data__exceptions_item__reason_len > 10000:
                                    raise JsonSchemaValueException
                        if "until" in data__exceptions_item_keys:
                            data__exceptions_item_keys.remove("until")
                            data__exceptions_item__until = data__exceptions_item["until"]
                            if not isinstance(data__exceptions_item__until, (str)):
                                raise JsonSchemaValueException
                            if True:
                                if not SEARCH['^[0-9]{4}-[0-9]{2}-[0-9]{2}$'](data__exceptions_item__until):
                                    raise JsonSchemaValueException
                        if data__exceptions_item_keys:
                            raise JsonSchemaValueException
        if "ignore_extra" in data_keys:
            data_keys.remove("ignore_extra")
            data__ignoreextra = data["ignore_extra"]
            if not isinstance(data__ignoreextra, (list, tuple)):
                raise JsonSchemaValueException
            data__ignoreextra_is_list = isinstance(data__ignoreextra, (list, tuple))
            if data__ignoreextra_is_list:
                data__ignoreextra_len = len(data__ignoreextra)
                if data__ignoreextra_len > 1000:
                    raise JsonSchemaValueException
                for data__ignoreextra_x, data__ignoreextra_item in enumerate(data__ignoreextra):
                    if not isinstance(data__ignoreextra_item, (str)):
                        raise JsonSchemaValueException
                    if True:
                        data__ignoreextra_item_len = len(data__ignoreextra_item)
                        if data__ignoreextra_item_len < 1:
                            raise JsonSchemaValueException
                        if data__ignoreextra_item_len > 4096:
                            raise JsonSchemaValueException
        if "run_lock" in data_keys:
            data_keys.remove("run_lock")
            data__runlock = data["run_lock"]
            if not isinstance(data__runlock, (str)):
                raise JsonSchemaValueException
            if not (isinstance(data__runlock, str) and data__runlock == 'optional' or isinstance(data__runlock, str) and data__runlock == 'required'):
                raise JsonSchemaValueException
        if "datasets" in data_keys:
            data_keys.remove("datasets")
            data__datasets = data["datasets"]
            if not isinstance(data__datasets, (dict)):
                raise JsonSchemaValueException
            if True:
                data__datasets_keys = set(data__datasets.keys())
                for data__datasets_key in data__datasets_keys:
                    if data__datasets_key not in []:
                        data__datasets_value = data__datasets.get(data__datasets_key)
                        if not isinstance(data__datasets_value, (dict, NoneType)):
                            raise JsonSchemaValueException
                        data__datasets_value_is_dict = isinstance(data__datasets_value, dict)
                        if data__datasets_value_is_dict:
                            data__datasets_value_keys = set(data__datasets_value.keys())
                            if "local" in data__datasets_value_keys:
                                data__datasets_value_keys.remove("local")
                                data__datasets_value__local = data__datasets_value["local"]
                                if not isinstance(data__datasets_value__local, (str)):
                                    raise JsonSchemaValueException
                                if not (isinstance(data__datasets_value__local, str) and data__datasets_value__local == 'auto' or isinstance(data__datasets_value__local, str) and data__datasets_value__local == 'never'):
                                    raise JsonSchemaValueException
                            if data__datasets_value_keys:
                                raise JsonSchemaValueException
        if "remotes" in data_keys:
            data_keys.remove("remotes")
            data__remotes = data["remotes"]
            if not isinstance(data__remotes, (dict)):
                raise JsonSchemaValueException
            if True:
                data__remotes_len = len(data__remotes)
                if data__remotes_len > 100:
                    raise JsonSchemaValueException
                data__remotes_keys = set(data__remotes.keys())
                for data__remotes_key in data__remotes_keys:
                    if data__remotes_key not in []:
                        data__remotes_value = data__remotes.get(data__remotes_key)
                        if not isinstance(data__remotes_value, (str, dict)):
                            raise JsonSchemaValueException
                        if isinstance(data__remotes_value, str):
                            data__remotes_value_len = len(data__remotes_value)
                            if data__remotes_value_len < 1:
                                raise JsonSchemaValueException
                            if data__remotes_value_len > 4096:
                                raise JsonSchemaValueException
                        data__remotes_value_is_dict = isinstance(data__remotes_value, dict)
                        if data__remotes_value_is_dict:
                            if not data__remotes_value.keys() >= VALIDATE_URN_MLVGIT_SCHEMA_SETTINGS_1:
                                raise JsonSchemaValueException
                            data__remotes_value_keys = set(data__remotes_value.keys())
                            if "url" in data__remotes_value_keys:
                                data__remotes_value_keys.remove("url")
                                data__remotes_value__url = data__remotes_value["url"]
                                if not isinstance(data__remotes_value__url, (str)):
                                    raise JsonSchemaValueException
                                if True:
                                    data__remotes_value__url_len = len(data__remotes_value__url)
                                    if data__remotes_value__url_len < 1:
                                        raise JsonSchemaValueException
                                    if data__remotes_value__url_len > 4096:
                                        raise JsonSchemaValueException
                            if "endpoint" in data__remotes_value_keys:
                                data__remotes_value_keys.remove("endpoint")
                                data__remotes_value__endpoint = data__remotes_value["endpoint"]
                                if not isinstance(data__remotes_value__endpoint, (str)):
                                    raise JsonSchemaValueException
                                if True:
                                    data__remotes_value__endpoint_len = len(data__remotes_value__endpoint)
                                    if data__remotes_value__endpoint_len < 1:
                                        raise JsonSchemaValueException
                                    if data__remotes_value__endpoint_len > 4096:
                                        raise JsonSchemaValueException
                            for data__remotes_value_key in data__remotes_value_keys:
                                if data__remotes_value_key not in ['url', 'endpoint']:
                                    data__remotes_value_value = data__remotes_value.get(data__remotes_value_key)
                                    if not isinstance(data__remotes_value_value, (str, int, bool)) and not (isinstance(data__remotes_value_value, float) and data__remotes_value_value.is_integer()):
                                        raise JsonSchemaValueException
                if data__remotes_len != 0:
                    data__remotes_property_names = True
                    for data__remotes_key in data__remotes:
                        try:
                            if isinstance(data__remotes_key, str):
                                data__remotes_key_len = len(data__remotes_key)
                                if data__remotes_key_len > 128:
                                    raise JsonSchemaValueException
                                if not SEARCH['^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$'](data__remotes_key):
                                    raise JsonSchemaValueException
                        except (JsonSchemaValueException, JsonSchemaValuesException):
                            data__remotes_property_names = False
                    if not data__remotes_property_names:
                        raise JsonSchemaValueException
        if data_keys:
            raise JsonSchemaValueException
    return data

def validate_settings____defs_size(data):
    if not isinstance(data, (int, str)) and not (isinstance(data, float) and data.is_integer()) or isinstance(data, bool):
        raise JsonSchemaValueException
    if isinstance(data, str):
        data_len = len(data)
        if data_len > 40:
            raise JsonSchemaValueException
        if not SEARCH['^[0-9]{1,15}([.][0-9]{1,6})? ?([KMGT]i?B|B)?$'](data):
            raise JsonSchemaValueException
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        if data < 0:
            raise JsonSchemaValueException
        if data > 9007199254740992:
            raise JsonSchemaValueException
    return data

def validate_settings____defs_folder(data):
    if not isinstance(data, (str)):
        raise JsonSchemaValueException
    if True:
        data_len = len(data)
        if data_len < 1:
            raise JsonSchemaValueException
        if data_len > 1000:
            raise JsonSchemaValueException
    return data


VALIDATORS = {
    "inventory": validate_urn_mlvgit_schema_inventory,
    "manifest": validate_urn_mlvgit_schema_manifest,
    "registry": validate_urn_mlvgit_schema_registry,
    "run": validate_urn_mlvgit_schema_run,
    "settings": validate_urn_mlvgit_schema_settings,
}


SCHEMAS = {'inventory': {'$schema': 'https://json-schema.org/draft/2020-12/schema',
               '$id': 'urn:mlvgit:schema:inventory',
               'title': 'Inventory',
               'description': 'The files of a folder or a bucket, hashed where they lie: what a version is made of '
                              'that is committed elsewhere.',
               'type': 'object',
               'required': ['source', 'tree_sha256', 'total_bytes', 'file_count', 'files'],
               'additionalProperties': False,
               'properties': {'format': {'$ref': '#/$defs/format'},
                              'source': {'title': 'a source',
                                         'description': 'Where the files lay when they were hashed: a folder or a '
                                                        'URL.',
                                         'type': 'string',
                                         'minLength': 1,
                                         'maxLength': 10000,
                                         'examples': ['s3://bucket/raw']},
                              'tree_sha256': {'title': 'the identity of the files',
                                              'description': "SHA-256 of the lines '<sha256>  <path>' sorted by "
                                                             'path as UTF-8 bytes, as in a manifest.',
                                              '$ref': '#/$defs/sha256'},
                              'total_bytes': {'title': 'a number of bytes',
                                              'description': 'Sum of size_bytes of all files.',
                                              '$ref': '#/$defs/count'},
                              'file_count': {'title': 'a number of files',
                                             'description': 'How many entries files has.',
                                             '$ref': '#/$defs/count'},
                              'created_utc': {'$ref': '#/$defs/moment'},
                              'created_by': {'title': 'a creator',
                                             'description': 'The program that hashed the files.',
                                             'type': 'string',
                                             'maxLength': 1000},
                              'files': {'title': 'a list of files',
                                        'description': 'Every file, once. Paths are relative to the source.',
                                        'type': 'array',
                                        'minItems': 1,
                                        'items': {'title': 'a file entry',
                                                  'description': 'One file.',
                                                  'type': 'object',
                                                  'required': ['path', 'size_bytes', 'sha256'],
                                                  'additionalProperties': False,
                                                  'properties': {'path': {'title': 'a path',
                                                                          'description': 'Relative to the source, '
                                                                                         'with forward slashes.',
                                                                          'type': 'string',
                                                                          'minLength': 1,
                                                                          'maxLength': 4096},
                                                                 'size_bytes': {'title': 'a size in bytes',
                                                                                'description': 'Length of the '
                                                                                               'file.',
                                                                                '$ref': '#/$defs/count'},
                                                                 'sha256': {'title': 'a SHA-256',
                                                                            'description': "SHA-256 of the file's "
                                                                                           'bytes.',
                                                                            '$ref': '#/$defs/sha256'}}}}},
               '$defs': {'format': {'title': 'a format version',
                                    'description': "MAJOR.MINOR of this document's format; absent means 1.0.",
                                    'type': 'string',
                                    'maxLength': 20,
                                    'pattern': '^[0-9]{1,6}[.][0-9]{1,6}$',
                                    'examples': ['1.0']},
                         'sha256': {'title': 'a SHA-256',
                                    'description': '64 hexadecimal digits in lower case.',
                                    'type': 'string',
                                    'pattern': '^[0-9a-f]{64}$',
                                    'x-write': 'the 64 hexadecimal digits that `shasum -a 256 FILE` prints'},
                         'count': {'title': 'a count',
                                   'description': 'A whole number from 0 to 2**53.',
                                   'type': 'integer',
                                   'minimum': 0,
                                   'maximum': 9007199254740992},
                         'moment': {'title': 'a moment in UTC',
                                    'description': 'ISO 8601 date and time.',
                                    'type': 'string',
                                    'maxLength': 40,
                                    'pattern': '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T '
                                               '][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$',
                                    'examples': ['2026-01-01T00:00:00Z']}}},
 'manifest': {'$schema': 'https://json-schema.org/draft/2020-12/schema',
              '$id': 'urn:mlvgit:schema:manifest',
              'title': 'Manifest',
              'description': "The frozen list of a directory's files. It stands beside the directory that it "
                             'freezes.',
              'type': 'object',
              'required': ['version'],
              'allOf': [{'oneOf': [{'required': ['dataset']}, {'required': ['model']}]},
                        {'oneOf': [{'required': ['files']}, {'required': ['files_list']}]}],
              'if': {'required': ['files_list']},
              'then': {'required': ['tree_sha256', 'total_bytes', 'file_count']},
              'additionalProperties': False,
              'properties': {'dataset': {'title': 'a dataset name',
                                         'description': 'Name of the dataset that a snapshot belongs to. Exactly '
                                                        'one of dataset and model is there.',
                                         'type': 'string',
                                         'maxLength': 128,
                                         'pattern': '^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$',
                                         'examples': ['iris']},
                             'model': {'title': 'a model name',
                                       'description': 'Name of the model that a version belongs to. Exactly one of '
                                                      'dataset and model is there.',
                                       'type': 'string',
                                       'maxLength': 128,
                                       'pattern': '^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$',
                                       'examples': ['iris_clf']},
                             'version': {'title': 'a version',
                                         'description': 'vMAJOR.MINOR[.PATCH] for a snapshot, SemVer with a '
                                                        'leading v for a model.',
                                         'type': 'string',
                                         'maxLength': 128,
                                         'pattern': '^v[0-9]+[.][0-9]+([.][0-9]+)?([-+][0-9A-Za-z.+-]+)?$',
                                         'examples': ['v0.1']},
                             'format': {'$ref': '#/$defs/format'},
                             'tree_sha256': {'title': 'the identity of the directory',
                                             'description': "SHA-256 of the lines '<sha256>  <path relative to the "
                                                            "directory>' sorted by path as UTF-8 bytes.",
                                             '$ref': '#/$defs/sha256'},
                             'total_bytes': {'title': 'a number of bytes',
                                             'description': 'Sum of size_bytes of all files.',
                                             '$ref': '#/$defs/count'},
                             'file_count': {'title': 'a number of files',
                                            'description': 'How many entries files has.',
                                            '$ref': '#/$defs/count'},
                             'created_utc': {'$ref': '#/$defs/moment'},
                             'notes': {'title': 'notes',
                                       'description': 'What a reader should know about this version. Free: it may '
                                                      'be edited later.',
                                       'type': 'string',
                                       'maxLength': 100000},
                             'source': {'title': 'a source',
                                        'description': 'Where the files came from: a URL, a query, a path. May be '
                                                       'added later, not altered.',
                                        'type': 'string',
                                        'maxLength': 10000},
                             'derived_from': {'title': 'a list of references',
                                              'description': 'The snapshots that this one was made from. May be '
                                                             'added later, not altered.',
                                              'type': 'array',
                                              'maxItems': 1000,
                                              'items': {'title': 'a snapshot reference',
                                                        'description': 'Name and version of a snapshot.',
                                                        'type': 'string',
                                                        'minLength': 1,
                                                        'maxLength': 300,
                                                        'pattern': '^[A-Za-z0-9]',
                                                        'examples': ['iris_v0.1']}},
                             'run': {'title': 'a run id',
                                     'description': 'The run record that made this model version. May be added '
                                                    'later, not altered.',
                                     'type': 'string',
                                     'maxLength': 128,
                                     'pattern': '^[A-Za-z0-9][A-Za-z0-9_.+-]*$',
                                     'examples': ['2026-01-01-iris-001']},
                             'owner': {'title': 'an owner',
                                       'description': 'Who answers for this version. Free.',
                                       'type': 'string',
                                       'maxLength': 1000},
                             'license': {'title': 'a licence',
                                         'description': 'The licence of the files, an SPDX identifier where there '
                                                        'is one. Free.',
                                         'type': 'string',
                                         'maxLength': 1000,
                                         'examples': ['CC-BY-4.0']},
                             'created_by': {'title': 'a creator',
                                            'description': 'Who froze this version, as name and e-mail address. '
                                                           'Free.',
                                            'type': 'string',
                                            'maxLength': 1000},
                             'storage': {'title': 'a storage',
                                         'description': 'Where the files are kept unless Git says otherwise: git '
                                                        'or store. Free.',
                                         'type': 'string',
                                         'enum': ['git', 'store']},
                             'metadata': {'title': 'metadata',
                                          'description': "The user's own keys, of any shape. Free.",
                                          'type': 'object'},
                             'retired': {'title': 'a tombstone',
                                         'description': 'Says that the bytes were removed on purpose. The entries '
                                                        'stay as they were.',
                                         'type': 'object',
                                         'required': ['by', 'at', 'reason'],
                                         'additionalProperties': False,
                                         'properties': {'by': {'title': 'a person',
                                                               'description': 'Who removed the bytes.',
                                                               'type': 'string',
                                                               'minLength': 1,
                                                               'maxLength': 1000},
                                                        'at': {'$ref': '#/$defs/moment'},
                                                        'reason': {'title': 'a reason',
                                                                   'description': 'Why the bytes were removed.',
                                                                   'type': 'string',
                                                                   'minLength': 1,
                                                                   'maxLength': 10000},
                                                        'bytes': {'title': 'a number of bytes',
                                                                  'description': 'How many bytes were removed.',
                                                                  '$ref': '#/$defs/count'},
                                                        'paths': {'title': 'a list of paths',
                                                                  'description': 'Which files were removed, as '
                                                                                 'files writes them. Absent or '
                                                                                 'empty: the whole version.',
                                                                  'type': 'array',
                                                                  'items': {'title': 'a path',
                                                                            'description': 'Path of a removed '
                                                                                           'file.',
                                                                            'type': 'string',
                                                                            'minLength': 1}}}},
                             'files': {'title': 'the list of files',
                                       'description': 'Every file of the frozen directory; at least one.',
                                       'type': 'array',
                                       'minItems': 1,
                                       'items': {'title': 'a file entry',
                                                 'description': 'Path, size and SHA-256 of one file.',
                                                 'type': 'object',
                                                 'required': ['path', 'size_bytes', 'sha256'],
                                                 'additionalProperties': False,
                                                 'properties': {'path': {'title': 'a path',
                                                                         'description': 'Where the file stands, '
                                                                                        'relative to the directory '
                                                                                        'of mlv.yaml, with / '
                                                                                        'between folders.',
                                                                         'type': 'string',
                                                                         'examples': ['data/snapshots/iris_v0.1/iris.csv']},
                                                                'size_bytes': {'title': 'a size in bytes',
                                                                               'description': 'How many bytes the '
                                                                                              'file has.',
                                                                               'type': 'integer',
                                                                               'minimum': 0,
                                                                               'maximum': 9007199254740992},
                                                                'sha256': {'title': 'a SHA-256',
                                                                           'description': "SHA-256 of the file's "
                                                                                          'bytes, 64 hexadecimal '
                                                                                          'digits in lower case.',
                                                                           'type': 'string',
                                                                           'pattern': '^[0-9a-f]{64}$',
                                                                           'x-write': 'the 64 hexadecimal digits '
                                                                                      'that `shasum -a 256 FILE` '
                                                                                      'prints'}}}},
                             'files_list': {'title': 'the list of files as an object',
                                            'description': 'In place of files, for a huge snapshot that the store '
                                                           'keeps: names the object of the store that holds the '
                                                           'list. tree_sha256, total_bytes and file_count are '
                                                           'there then, and the list gives the same.',
                                            'type': 'object',
                                            'required': ['sha256', 'size_bytes'],
                                            'additionalProperties': False,
                                            'properties': {'sha256': {'title': 'a SHA-256',
                                                                      'description': 'SHA-256 of the list: one '
                                                                                     'entry on a line, sorted by '
                                                                                     'path, paths relative to the '
                                                                                     'frozen directory.',
                                                                      '$ref': '#/$defs/sha256'},
                                                           'size_bytes': {'title': 'a size in bytes',
                                                                          'description': 'How many bytes the list '
                                                                                         'has.',
                                                                          'type': 'integer',
                                                                          'minimum': 1,
                                                                          'maximum': 1073741824}}}},
              '$defs': {'format': {'title': 'a format version',
                                   'description': "MAJOR.MINOR of this document's format; absent means 1.0.",
                                   'type': 'string',
                                   'maxLength': 20,
                                   'pattern': '^[0-9]{1,6}[.][0-9]{1,6}$',
                                   'examples': ['1.0']},
                        'sha256': {'title': 'a SHA-256',
                                   'description': '64 hexadecimal digits in lower case.',
                                   'type': 'string',
                                   'pattern': '^[0-9a-f]{64}$',
                                   'x-write': 'the 64 hexadecimal digits that `shasum -a 256 FILE` prints'},
                        'count': {'title': 'a count',
                                  'description': 'A whole number from 0 to 2**53.',
                                  'type': 'integer',
                                  'minimum': 0,
                                  'maximum': 9007199254740992},
                        'moment': {'title': 'a moment in UTC',
                                   'description': 'ISO 8601 date and time.',
                                   'type': 'string',
                                   'maxLength': 40,
                                   'pattern': '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T '
                                              '][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$',
                                   'examples': ['2026-01-01T00:00:00Z']}}},
 'registry': {'$schema': 'https://json-schema.org/draft/2020-12/schema',
              '$id': 'urn:mlvgit:schema:registry',
              'title': 'Registry',
              'description': 'The versions of one model and the stage of each: the single source of truth for what '
                             'serves.',
              'type': 'object',
              'required': ['name', 'versions'],
              'additionalProperties': False,
              'properties': {'name': {'title': 'a model name',
                                      'description': 'The model; also the folder that the registry stands in.',
                                      'type': 'string',
                                      'maxLength': 128,
                                      'pattern': '^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$',
                                      'examples': ['iris_clf']},
                             'format': {'title': 'a format version',
                                        'description': "MAJOR.MINOR of this document's format; absent means 1.0.",
                                        'type': 'string',
                                        'maxLength': 20,
                                        'pattern': '^[0-9]{1,6}[.][0-9]{1,6}$',
                                        'examples': ['1.0']},
                             'versions': {'title': 'the list of versions',
                                          'description': 'One entry for each registered version, each version '
                                                         'once.',
                                          'type': 'array',
                                          'items': {'title': 'a registered version',
                                                    'description': 'A version and its stage.',
                                                    'type': 'object',
                                                    'required': ['version', 'stage'],
                                                    'additionalProperties': False,
                                                    'properties': {'version': {'title': 'a model version',
                                                                               'description': 'SemVer 2.0.0 with a '
                                                                                              'leading v.',
                                                                               'type': 'string',
                                                                               'maxLength': 128,
                                                                               'pattern': '^v(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)([-+][0-9A-Za-z.+-]+)?$',
                                                                               'examples': ['v0.2.0']},
                                                                   'stage': {'title': 'a stage',
                                                                             'description': 'One of the stages '
                                                                                            'that mlv.yaml names.',
                                                                             'type': 'string',
                                                                             'maxLength': 128,
                                                                             'pattern': '^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$',
                                                                             'examples': ['production']},
                                                                   'tree_sha256': {'title': 'the identity of the '
                                                                                            'version',
                                                                                   'description': 'tree_sha256 of '
                                                                                                  "the version's "
                                                                                                  'manifest.',
                                                                                   'type': 'string',
                                                                                   'pattern': '^[0-9a-f]{64}$',
                                                                                   'x-write': 'the tree_sha256 of '
                                                                                              "the version's "
                                                                                              'manifest'},
                                                                   'run': {'title': 'a run id',
                                                                           'description': 'The run record that '
                                                                                          'made this version.',
                                                                           'type': 'string',
                                                                           'maxLength': 128,
                                                                           'pattern': '^[A-Za-z0-9][A-Za-z0-9_.+-]*$',
                                                                           'examples': ['2026-01-01-iris-001']},
                                                                   'data_snapshots': {'title': 'a list of '
                                                                                               'snapshots',
                                                                                      'description': 'The data '
                                                                                                     'snapshots '
                                                                                                     'that this '
                                                                                                     'version was '
                                                                                                     'trained on.',
                                                                                      'type': 'array',
                                                                                      'maxItems': 1000,
                                                                                      'items': {'title': 'a '
                                                                                                         'snapshot '
                                                                                                         'reference',
                                                                                                'description': 'Name '
                                                                                                               'and '
                                                                                                               'version '
                                                                                                               'of '
                                                                                                               'a '
                                                                                                               'snapshot.',
                                                                                                'type': 'string',
                                                                                                'maxLength': 300,
                                                                                                'pattern': '^[A-Za-z0-9]',
                                                                                                'examples': ['iris_v0.1']}},
                                                                   'registered_utc': {'$ref': '#/$defs/moment'},
                                                                   'comments': {'title': 'a list of comments',
                                                                                'description': 'What people said '
                                                                                               'about this '
                                                                                               'version, oldest '
                                                                                               'first.',
                                                                                'type': 'array',
                                                                                'items': {'title': 'a comment',
                                                                                          'description': 'Who said '
                                                                                                         'what and '
                                                                                                         'when.',
                                                                                          'type': 'object',
                                                                                          'required': ['text'],
                                                                                          'additionalProperties': False,
                                                                                          'properties': {'at': {'$ref': '#/$defs/moment'},
                                                                                                         'by': {'title': 'a '
                                                                                                                         'person',
                                                                                                                'description': 'Who '
                                                                                                                               'said '
                                                                                                                               'it.',
                                                                                                                'type': 'string',
                                                                                                                'maxLength': 1000},
                                                                                                         'text': {'title': 'a '
                                                                                                                           'text',
                                                                                                                  'description': 'What '
                                                                                                                                 'was '
                                                                                                                                 'said.',
                                                                                                                  'type': 'string',
                                                                                                                  'maxLength': 100000}}}}}}}},
              '$defs': {'moment': {'title': 'a moment in UTC',
                                   'description': 'ISO 8601 date and time.',
                                   'type': 'string',
                                   'maxLength': 40,
                                   'pattern': '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T '
                                              '][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$',
                                   'examples': ['2026-01-01T00:00:00Z']}}},
 'run': {'$schema': 'https://json-schema.org/draft/2020-12/schema',
         '$id': 'urn:mlvgit:schema:run',
         'title': 'Run record',
         'description': 'The recipe of a training run: code, data, parameters and environment, and what came out.',
         'type': 'object',
         'required': ['run_id', 'code_commit', 'data_snapshot'],
         'additionalProperties': False,
         'properties': {'format': {'title': 'a format version',
                                   'description': "MAJOR.MINOR of this document's format; absent means 1.0.",
                                   'type': 'string',
                                   'maxLength': 20,
                                   'pattern': '^[0-9]{1,6}[.][0-9]{1,6}$',
                                   'examples': ['1.0']},
                        'run_id': {'title': 'a run id',
                                   'description': 'Name of the run; also the name of its file.',
                                   'type': 'string',
                                   'maxLength': 128,
                                   'pattern': '^[A-Za-z0-9][A-Za-z0-9_.+-]*$',
                                   'examples': ['2026-01-01-iris-001']},
                        'code_commit': {'title': 'a commit id',
                                        'description': 'The commit that was checked out when the run started, in '
                                                       'full or abbreviated.',
                                        'type': 'string',
                                        'pattern': '^[0-9a-f]{4,64}$',
                                        'x-write': 'the commit id that `git rev-parse HEAD` prints'},
                        'code_sha256': {'title': 'the hash of the code',
                                        'description': 'Hash of the sorted lines of `git ls-tree -r` outside our '
                                                       'folders; survives squash and rebase.',
                                        'type': 'string',
                                        'pattern': '^[0-9a-f]{64}$',
                                        'x-write': '64 hexadecimal digits, or leave the key out'},
                        'data_snapshot': {'title': 'a snapshot or a list of snapshots',
                                          'description': 'The data that the run read: one snapshot, or a list of '
                                                         'them.',
                                          'type': ['string', 'array'],
                                          'maxLength': 300,
                                          'pattern': '^[A-Za-z0-9][^<>]*$',
                                          'x-write': 'the snapshot that was read, for example iris_v0.1',
                                          'examples': ['iris_v0.1'],
                                          'maxItems': 1000,
                                          'items': {'title': 'a snapshot',
                                                    'description': 'Name and version of a snapshot.',
                                                    'type': 'string',
                                                    'maxLength': 300,
                                                    'pattern': '^[A-Za-z0-9][^<>]*$',
                                                    'examples': ['iris_v0.1']}},
                        'params': {'title': 'parameters',
                                   'description': 'What the training was called with, of any shape.',
                                   'type': 'object'},
                        'env': {'title': 'an environment',
                                'description': 'What the run ran in. Keys of your own are kept as text.',
                                'type': 'object',
                                'properties': {'python': {'title': 'a Python version',
                                                          'description': "The interpreter's version.",
                                                          'type': 'string',
                                                          'maxLength': 200,
                                                          'pattern': '^[^<>]*[^<>.]$',
                                                          'x-write': 'the version that `python --version` prints',
                                                          'examples': ['3.10']},
                                               'requirements_lock': {'title': 'a lock',
                                                                     'description': 'SHA-256 of the lock file, as '
                                                                                    'sha256:<64 hexadecimal '
                                                                                    'digits>, or its path.',
                                                                     'type': 'string',
                                                                     'maxLength': 1000,
                                                                     'pattern': '^(sha256:[0-9a-f]{64}|(?!sha256:)[^<>]*[^<>.])$',
                                                                     'x-write': 'sha256: and the 64 hexadecimal '
                                                                                'digits that `shasum -a 256 '
                                                                                'env/requirements.lock` prints'},
                                               'container_image': {'title': 'a container image',
                                                                   'description': 'Name of the image, best with '
                                                                                  '@sha256:<digest>.',
                                                                   'type': 'string',
                                                                   'maxLength': 1000,
                                                                   'pattern': '^[^<> ]*[^<> .]$',
                                                                   'x-write': 'the image, best with its digest: '
                                                                              'NAME@sha256:DIGEST',
                                                                   'examples': ['ghcr.io/org/ml:1.2.3']}},
                                'additionalProperties': {'title': 'a fact about the environment',
                                                         'description': 'A key of your own, kept as text.',
                                                         'type': 'string',
                                                         'maxLength': 10000}},
                        'command': {'title': 'a command',
                                    'description': 'What was run: one line, or the list of its words. It is never '
                                                   'run by reading it.',
                                    'type': ['string', 'array'],
                                    'maxLength': 100000,
                                    'items': {'title': 'a word',
                                              'description': 'A word of the command.',
                                              'type': 'string'}},
                        'started_utc': {'title': 'a moment in UTC',
                                        'description': 'When the run started, ISO 8601.',
                                        'type': 'string',
                                        'maxLength': 40,
                                        'pattern': '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T '
                                                   '][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$',
                                        'examples': ['2026-01-01T00:00:00Z']},
                        'duration_seconds': {'title': 'a duration in seconds',
                                             'description': 'How long the run took.',
                                             'type': 'number',
                                             'minimum': 0},
                        'platform': {'title': 'a platform',
                                     'description': 'System and processor that the run ran on.',
                                     'type': 'string',
                                     'maxLength': 1000},
                        'outputs': {'title': 'the outputs',
                                    'description': 'The model version that came out, and what was measured.',
                                    'type': 'object',
                                    'additionalProperties': False,
                                    'properties': {'model': {'title': 'a model name',
                                                             'description': 'The model; absent means the only '
                                                                            'model with that version.',
                                                             'type': 'string',
                                                             'maxLength': 128,
                                                             'pattern': '^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$',
                                                             'examples': ['iris_clf']},
                                                   'model_version': {'title': 'a model version',
                                                                     'description': 'SemVer 2.0.0 with a leading '
                                                                                    'v.',
                                                                     'type': 'string',
                                                                     'maxLength': 128,
                                                                     'pattern': '^v(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)([-+][0-9A-Za-z.+-]+)?$',
                                                                     'examples': ['v0.2.0']},
                                                   'tree_sha256': {'title': 'the identity of the version',
                                                                   'description': 'tree_sha256 of the model '
                                                                                  "version's manifest.",
                                                                   'type': 'string',
                                                                   'pattern': '^[0-9a-f]{64}$',
                                                                   'x-write': 'the tree_sha256 of the model '
                                                                              "version's manifest"},
                                                   'metrics': {'title': 'metrics',
                                                               'description': 'What was measured, by name.',
                                                               'type': 'object'}}},
                        'tolerances': {'title': 'tolerances',
                                       'description': 'How far a metric may be off when the run is repeated: an '
                                                      'absolute number, or abs and rel. Free.',
                                       'type': 'object',
                                       'additionalProperties': {'title': 'a tolerance',
                                                                'description': 'An absolute number, or abs and '
                                                                               'rel.',
                                                                'type': ['number', 'object'],
                                                                'minimum': 0,
                                                                'additionalProperties': False,
                                                                'properties': {'abs': {'title': 'an absolute '
                                                                                                'tolerance',
                                                                                       'description': 'In the '
                                                                                                      "metric's "
                                                                                                      'unit.',
                                                                                       'type': 'number',
                                                                                       'minimum': 0},
                                                                               'rel': {'title': 'a relative '
                                                                                                'tolerance',
                                                                                       'description': 'As a '
                                                                                                      'fraction of '
                                                                                                      'the '
                                                                                                      'recorded '
                                                                                                      'value.',
                                                                                       'type': 'number',
                                                                                       'minimum': 0}}}},
                        'notes': {'title': 'notes',
                                  'description': 'What a reader should know about this run. Free.',
                                  'type': 'string',
                                  'maxLength': 100000}}},
 'settings': {'$schema': 'https://json-schema.org/draft/2020-12/schema',
              '$id': 'urn:mlvgit:schema:settings',
              'title': 'Settings',
              'description': 'mlv.yaml: how a repository wants its data and models kept. Declarative: no program '
                             'to run, no credential.',
              'type': 'object',
              'additionalProperties': False,
              'properties': {'format': {'title': 'a format version',
                                        'description': "MAJOR.MINOR of this document's format; absent means 1.0.",
                                        'type': 'string',
                                        'maxLength': 20,
                                        'pattern': '^[0-9]{1,6}[.][0-9]{1,6}$',
                                        'examples': ['1.0']},
                             'requires': {'title': 'a version of mlvgit',
                                          'description': 'The least version of mlvgit that may work on this '
                                                         'repository.',
                                          'type': 'string',
                                          'maxLength': 40,
                                          'pattern': '^(>= ?)?[0-9]{1,6}([.][0-9]{1,6}){0,2}$',
                                          'examples': ['0.1']},
                             'folders': {'title': 'folders',
                                         'description': 'Where things stand, relative to the directory of '
                                                        'mlv.yaml.',
                                         'type': 'object',
                                         'additionalProperties': False,
                                         'properties': {'snapshots': {'title': 'the folder of snapshots',
                                                                      'description': 'Default data/snapshots.',
                                                                      '$ref': '#/$defs/folder'},
                                                        'models': {'title': 'the folder of models',
                                                                   'description': 'Default models.',
                                                                   '$ref': '#/$defs/folder'},
                                                        'runs': {'title': 'the folder of run records',
                                                                 'description': 'Default runs.',
                                                                 '$ref': '#/$defs/folder'},
                                                        'env': {'title': 'the folder of lock files',
                                                                'description': 'Default env.',
                                                                '$ref': '#/$defs/folder'}}},
                             'protect': {'title': 'a list of branches',
                                         'description': 'Branches whose history is published, as names or '
                                                        "patterns. Default: the remote's HEAD branch and "
                                                        'release/*.',
                                         'type': 'array',
                                         'maxItems': 100,
                                         'items': {'title': 'a branch or a pattern',
                                                   'description': 'A branch name without refs/heads/; * stands for '
                                                                  'anything but a slash.',
                                                   'type': 'string',
                                                   'maxLength': 300,
                                                   'pattern': '^[^-/\\s~^:?\\\\][^\\s~^:?\\\\]*$',
                                                   'examples': ['main', 'release/*']}},
                             'release_branch': {'title': 'a branch',
                                                'description': 'The branch that --released answers from. Default: '
                                                               "the remote's HEAD branch.",
                                                'type': 'string',
                                                'maxLength': 300,
                                                'pattern': '^[^-/\\s~^:?*\\\\\\[][^\\s~^:?*\\\\\\[]*$',
                                                'examples': ['main']},
                             'mode': {'title': 'a mode',
                                      'description': 'enforce refuses at commit; advise warns at commit, for a '
                                                     'team that starts. Push and CI refuse in both.',
                                      'type': 'string',
                                      'enum': ['enforce', 'advise']},
                             'limits': {'title': 'limits',
                                        'description': 'Sizes, in bytes or as text with a unit.',
                                        'type': 'object',
                                        'additionalProperties': False,
                                        'properties': {'file_in_git': {'title': 'a size',
                                                                       'description': 'The largest file that Git '
                                                                                      'may hold below our folders '
                                                                                      '(MLV107). Default 10 MiB.',
                                                                       '$ref': '#/$defs/size'},
                                                       'git_limit': {'title': 'a size',
                                                                     'description': 'Up to this size a frozen file '
                                                                                    'is kept in Git when the '
                                                                                    'storage is chosen by itself. '
                                                                                    'Default 1 MiB.',
                                                                     '$ref': '#/$defs/size'},
                                                       'list_files': {'title': 'a number of files',
                                                                      'description': 'A snapshot that the store '
                                                                                     'keeps and that has more '
                                                                                     'files than this has its list '
                                                                                     'in the store too, and a '
                                                                                     'small manifest. Default '
                                                                                     '10,000.',
                                                                      'type': 'integer',
                                                                      'minimum': 0,
                                                                      'maximum': 9007199254740992,
                                                                      'examples': [10000]}}},
                             'stages': {'title': 'stages',
                                        'description': 'The stages of a model version, by name. Default: dev, '
                                                       'staging, production, archived.',
                                        'type': 'object',
                                        'minProperties': 1,
                                        'maxProperties': 50,
                                        'propertyNames': {'maxLength': 128,
                                                          'pattern': '^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$'},
                                        'additionalProperties': {'title': 'a stage',
                                                                 'description': 'What holds for the versions in '
                                                                                'this stage.',
                                                                 'type': ['object', 'null'],
                                                                 'additionalProperties': False,
                                                                 'properties': {'one': {'title': 'one version only',
                                                                                        'description': 'Whether at '
                                                                                                       'most one '
                                                                                                       'version '
                                                                                                       'may be in '
                                                                                                       'this '
                                                                                                       'stage. '
                                                                                                       'Default '
                                                                                                       'false.',
                                                                                        'type': 'boolean'},
                                                                                'tag': {'title': 'needs a tag',
                                                                                        'description': 'Whether a '
                                                                                                       'version '
                                                                                                       'needs a '
                                                                                                       'model tag '
                                                                                                       'to be in '
                                                                                                       'this '
                                                                                                       'stage. '
                                                                                                       'Default '
                                                                                                       'false.',
                                                                                        'type': 'boolean'},
                                                                                'from': {'title': 'the stages '
                                                                                                  'before',
                                                                                         'description': 'The '
                                                                                                        'stages '
                                                                                                        'that a '
                                                                                                        'version '
                                                                                                        'may come '
                                                                                                        'from. '
                                                                                                        'Absent or '
                                                                                                        'empty: '
                                                                                                        'from any.',
                                                                                         'type': 'array',
                                                                                         'maxItems': 50,
                                                                                         'items': {'title': 'a '
                                                                                                            'stage',
                                                                                                   'description': 'A '
                                                                                                                  'stage '
                                                                                                                  'that '
                                                                                                                  'this '
                                                                                                                  'file '
                                                                                                                  'names.',
                                                                                                   'type': 'string',
                                                                                                   'examples': ['staging']}}}}},
                             'exceptions': {'title': 'a list of exceptions',
                                            'description': 'Findings that the team has agreed to live with.',
                                            'type': 'array',
                                            'maxItems': 1000,
                                            'items': {'title': 'an exception',
                                                      'description': 'A rule, where it does not apply, and why.',
                                                      'type': 'object',
                                                      'required': ['code', 'path', 'reason'],
                                                      'additionalProperties': False,
                                                      'properties': {'code': {'title': 'the code of a rule',
                                                                              'description': 'Which rule.',
                                                                              'type': 'string',
                                                                              'pattern': '^MLV[0-9]{3}$',
                                                                              'examples': ['MLV107']},
                                                                     'path': {'title': 'a path or a pattern',
                                                                              'description': 'Where, relative to '
                                                                                             'the directory of '
                                                                                             'mlv.yaml; * stops at '
                                                                                             'a slash, ** does '
                                                                                             'not.',
                                                                              'type': 'string',
                                                                              'minLength': 1,
                                                                              'maxLength': 4096},
                                                                     'reason': {'title': 'a reason',
                                                                                'description': 'Why the team has '
                                                                                               'agreed to it.',
                                                                                'type': 'string',
                                                                                'minLength': 1,
                                                                                'maxLength': 10000},
                                                                     'until': {'title': 'a date',
                                                                               'description': 'The last day on '
                                                                                              'which the exception '
                                                                                              'holds, in UTC.',
                                                                               'type': 'string',
                                                                               'pattern': '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
                                                                               'examples': ['2026-12-31']}}}},
                             'ignore_extra': {'title': 'a list of names',
                                              'description': 'Files that are neither frozen nor extra, as names or '
                                                             'patterns.',
                                              'type': 'array',
                                              'maxItems': 1000,
                                              'items': {'title': 'a name or a pattern',
                                                        'description': 'A file name, or a pattern with a slash for '
                                                                       'a path below the frozen directory.',
                                                        'type': 'string',
                                                        'minLength': 1,
                                                        'maxLength': 4096,
                                                        'examples': ['*.tmp']}},
                             'run_lock': {'title': 'how strict run records are',
                                          'description': 'required makes MLV302 refuse a run record with no locked '
                                                         'environment. Default optional.',
                                          'type': 'string',
                                          'enum': ['optional', 'required']},
                             'datasets': {'title': 'datasets',
                                          'description': 'What holds for a dataset, by name.',
                                          'type': 'object',
                                          'additionalProperties': {'title': 'a dataset',
                                                                   'description': 'What holds for this dataset.',
                                                                   'type': ['object', 'null'],
                                                                   'additionalProperties': False,
                                                                   'properties': {'local': {'title': 'local copies',
                                                                                            'description': 'never: '
                                                                                                           'the '
                                                                                                           'bytes '
                                                                                                           'of '
                                                                                                           'this '
                                                                                                           'dataset '
                                                                                                           'are '
                                                                                                           'not '
                                                                                                           'fetched '
                                                                                                           'to a '
                                                                                                           "person's "
                                                                                                           'machine '
                                                                                                           'by '
                                                                                                           'themselves.',
                                                                                            'type': 'string',
                                                                                            'enum': ['auto',
                                                                                                     'never']}}}},
                             'remotes': {'title': 'remotes',
                                         'description': 'Where bytes are pushed to, by name: a URL, or a mapping '
                                                        'with url.',
                                         'type': 'object',
                                         'maxProperties': 100,
                                         'propertyNames': {'maxLength': 128,
                                                           'pattern': '^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$'},
                                         'additionalProperties': {'title': 'a remote',
                                                                  'description': 'A URL without a password, or a '
                                                                                 'mapping with url and what its '
                                                                                 'kind needs.',
                                                                  'type': ['string', 'object'],
                                                                  'minLength': 1,
                                                                  'maxLength': 4096,
                                                                  'required': ['url'],
                                                                  'properties': {'url': {'title': 'a URL',
                                                                                         'description': 'Where, '
                                                                                                        'without a '
                                                                                                        'password.',
                                                                                         'type': 'string',
                                                                                         'minLength': 1,
                                                                                         'maxLength': 4096},
                                                                                 'endpoint': {'title': 'an '
                                                                                                       'endpoint',
                                                                                              'description': 'The '
                                                                                                             "server's "
                                                                                                             'address '
                                                                                                             'where '
                                                                                                             'it '
                                                                                                             'is '
                                                                                                             'not '
                                                                                                             'the '
                                                                                                             "provider's "
                                                                                                             'own.',
                                                                                              'type': 'string',
                                                                                              'minLength': 1,
                                                                                              'maxLength': 4096}},
                                                                  'additionalProperties': {'title': 'an option',
                                                                                           'description': 'An '
                                                                                                          'option '
                                                                                                          'of this '
                                                                                                          'kind of '
                                                                                                          'remote; '
                                                                                                          'never a '
                                                                                                          'secret.',
                                                                                           'type': ['string',
                                                                                                    'integer',
                                                                                                    'boolean']}}}},
              '$defs': {'folder': {'title': 'a folder',
                                   'description': 'A relative path with / between folders.',
                                   'type': 'string',
                                   'minLength': 1,
                                   'maxLength': 1000,
                                   'examples': ['data/snapshots']},
                        'size': {'title': 'a size',
                                 'description': 'A number of bytes, or text such as 500 KiB, 10 MiB, 1 GiB.',
                                 'type': ['integer', 'string'],
                                 'minimum': 0,
                                 'maximum': 9007199254740992,
                                 'maxLength': 40,
                                 'pattern': '^[0-9]{1,15}([.][0-9]{1,6})? ?([KMGT]i?B|B)?$',
                                 'examples': ['10 MiB']}}}}
