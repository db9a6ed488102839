"""The house stands as docs/architecture.md says: imports, keys between tables, transactions, doors."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db.models import Model
from django.urls import URLPattern, URLResolver
from importlinter import api as import_linter
from rest_framework.views import APIView

import api.urls
from databases import ALIAS_OF_ROOM, PORTAL
from tests.support import DATABASES

ROOT = Path(settings.BASE_DIR)
CONFIGURATION = import_linter.read_configuration(str(ROOT / "pyproject.toml"))
ROOMS: list[str] = CONFIGURATION["session_options"]["root_packages"]
DOORS = {"portal", "api", "desk", "status", "sandbox_bank", "crossings"}


def layers() -> dict[str, int]:
    """Each room's height, 0 at the bottom, from the same contract that guards the imports."""
    contract = next(c for c in CONFIGURATION["contracts_options"] if c["type"] == "layers")
    floors = [[room.strip() for room in floor.split("|")] for floor in reversed(contract["layers"])]
    return {room: height for height, floor in enumerate(floors) for room in floor}


def own_models() -> Iterator[type[Model]]:
    return (model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in ROOMS)


def own_sources() -> Iterator[tuple[Path, ast.Module]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT), ast.parse(path.read_text(), str(path))


def test_imports_keep_the_contracts() -> None:
    # In a process of its own: the linter sets up logging for itself and silences every logger that exists.
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_every_room_has_a_floor() -> None:
    assert set(layers()) == set(ROOMS)


def test_every_relation_stays_in_its_database_and_points_down() -> None:
    floors = layers()
    wrong = []
    for model in own_models():
        room = model._meta.app_label
        for field in model._meta.get_fields():
            target = field.related_model if field.is_relation and field.concrete else None
            if target is None:
                continue
            other = target._meta.app_label
            same_database = ALIAS_OF_ROOM.get(room, PORTAL) == ALIAS_OF_ROOM.get(other, PORTAL)
            points_down = other == room or other not in floors or floors[other] < floors[room]
            if not (same_database and points_down):
                wrong.append(f"{room}.{model.__name__}.{field.name} -> {other}.{target.__name__}")
    assert wrong == []


def test_doors_own_no_models() -> None:
    assert [m.__name__ for m in own_models() if m._meta.app_label in DOORS] == []


def test_nothing_can_be_reached_backwards_from_a_resident_but_entries() -> None:
    """A reverse accessor to a number, a secret or a card would open it to every room that has the resident."""
    from residents.models import Resident

    reverse = {field.related_model._meta.app_label for field in Resident._meta.related_objects}
    hidden = [field for field in Resident._meta.related_objects if not field.hidden]
    assert reverse >= {"residents"}
    assert {field.related_model._meta.app_label for field in hidden} == {"residents"}


def test_every_transaction_names_its_database() -> None:
    bare = []
    for path, tree in own_sources():
        calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            name = getattr(node, "attr", None) or getattr(node, "id", None)
            if not isinstance(node, ast.Attribute | ast.Name) or name not in {"atomic", "on_commit"}:
                continue
            call = calls.get(id(node))
            if call is None or not any(keyword.arg == "using" for keyword in call.keywords):
                bare.append(f"{path}:{node.lineno} {name}")
    assert bare == []


def api_views(patterns: list[URLPattern | URLResolver]) -> Iterator[type[APIView]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from api_views(pattern.url_patterns)
        else:
            view = getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None)
            if view is not None and issubclass(view, APIView):
                yield view


def test_every_api_view_states_its_permissions() -> None:
    views = [view for view in api_views(api.urls.urlpatterns) if view.__module__.startswith("api.")]
    assert len(views) >= 4
    assert [view.__name__ for view in views if "permission_classes" not in vars(view)] == []


def test_models_are_reached_by_import_and_not_by_name() -> None:
    """`apps.get_model("numbering", …)` would walk around the contracts."""
    found = [
        f"{path}:{node.lineno}"
        for path, tree in own_sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "get_model"
    ]
    assert found == []


def test_pages_are_closed_unless_opened_by_name() -> None:
    assert "django.contrib.auth.middleware.LoginRequiredMiddleware" in settings.MIDDLEWARE
    assert settings.REST_FRAMEWORK["DEFAULT_PERMISSION_CLASSES"] == ["api.permissions.Nobody"]


@DATABASES
@pytest.mark.parametrize("room", [*sorted(ALIAS_OF_ROOM), "accounts", "notifications", "payments"])
def test_no_migration_is_missing(room: str) -> None:
    call_command("makemigrations", room, check=True, dry_run=True, verbosity=0)
