"""Standing: which settings judge a root, which stages there are, how far a model version has come. Pure."""

from mlvgit.records.layout import Key
from mlvgit.records.settings import Settings, Stage
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.delta import Delta
from mlvgit.rules.lookup import registered
from mlvgit.rules.model import Context

__all__ = ["beyond_first", "first_stage", "judging_settings", "stage_named", "stage_of"]


def judging_settings(delta: Delta, context: Context, root: str) -> Settings:
    """Return the settings that judge `root`: the trusted ones, or its own when it is only now taken into use."""
    if root in context.trusted and not delta.begins(root):
        return context.trusted[root]
    new = delta.after.root(root)
    return new.settings if new else Settings()


def first_stage(settings: Settings) -> str:
    """Return the stage of a version that no registry names: `dev`, or the first that the settings name."""
    names = [stage.name for stage in settings.stages]
    return "dev" if "dev" in names or not names else names[0]


def stage_named(delta: Delta, context: Context, root: str, name: str) -> Stage | None:
    """Return a stage by its name; one that the change adds counts, since adding a stage loosens nothing."""
    found = judging_settings(delta, context, root).stage(name)
    new = delta.after.root(root)
    return found or (new.settings.stage(name) if new else None)


def stage_of(catalog: Catalog, settings: Settings, key: Key) -> str:
    """Return the stage that a model version is in."""
    entry = registered(catalog, key)
    return entry.stage if entry else first_stage(settings)


def beyond_first(delta: Delta, context: Context, key: Key) -> bool:
    """Say whether a model version has left the first stage, after the change."""
    settings = judging_settings(delta, context, key.root)
    return stage_of(delta.after, settings, key) != first_stage(settings)
