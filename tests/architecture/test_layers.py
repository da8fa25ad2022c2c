"""What the import linter cannot see: relations written as strings, and packages that nobody put into a layer."""

from django.apps import apps

from . import source


def own_models():
    return [model for model in apps.get_models() if source.depth(model.__module__) is not None]


def test_every_relation_points_sideways_or_down():
    upward = []
    for model in own_models():
        for field in model._meta.get_fields():
            if not (field.is_relation and field.concrete and field.related_model):
                continue
            target = source.depth(field.related_model.__module__)
            if target is not None and target < source.depth(model.__module__):
                upward.append(f"{model._meta.label}.{field.name} → {field.related_model._meta.label}")
    assert upward == []


def test_relations_are_looked_at_at_all():
    assert {model._meta.label for model in own_models()} >= {"users.User", "trusted_apps.TrustedApplication"}


def test_every_part_of_the_project_package_is_in_a_layer():
    folder = source.ROOT / "erpnet_identity"
    parts = {path.parent.name for path in folder.glob("*/__init__.py")}
    parts |= {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    named = {name.removeprefix("erpnet_identity.") for layer in source.layers() for name in layer}
    assert sorted(parts - named) == []


def test_every_layer_exists():
    named = [name for layer in source.layers() for name in layer]
    missing = [
        name
        for name in named
        if not (source.ROOT / name.replace(".", "/")).is_dir()
        and not (source.ROOT / (name.replace(".", "/") + ".py")).is_file()
    ]
    assert missing == []
