"""What changes trust has one way: exchange.trust, which records it. Nobody calls what lies below."""

from __future__ import annotations

import ast

import pytest

from tests.house.test_architecture import own_sources

# The lower acts, by the module that has them.
LOWER = {
    "registry": {"load", "register_code_key", "register_own_key", "set_assessment", "set_active"},
    "clients": {"register", "end"},
    "verifiers": {"register", "end"},
    "epochs": {"begin", "close"},
    "hosted": {"deposit"},
    "code_keys": {"register"},
    "own_systems": {"register", "clear"},
    "callbacks": {"register", "withdraw"},
}
ROOMS = ("agencies", "exchange", "exchange.providers", "holdings")
UPPER = "exchange/trust.py"
# Where one lower act is made of another.
BETWEEN = "exchange/code_keys.py"


def ways_past(path: str, tree: ast.Module) -> list[str]:
    """Uses of a lower act: as an attribute of its module, or imported by its name."""
    modules = {}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ROOMS:
            modules |= {alias.asname or alias.name: alias.name for alias in node.names if alias.name in LOWER}
        elif isinstance(node, ast.ImportFrom) and node.module:
            room, _, module = node.module.rpartition(".")
            if room in ROOMS and module in LOWER:
                found += [f"{path}:{node.lineno} {alias.name}" for alias in node.names if alias.name in LOWER[module]]
        elif isinstance(node, ast.Import):
            found += [
                f"{path}:{node.lineno} {alias.name}"
                for alias in node.names
                if alias.name.partition(".")[2] in LOWER and alias.name.partition(".")[0] in ROOMS
            ]
    attributes = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)]
    return found + [
        f"{path}:{node.lineno} {node.value.id}.{node.attr}"
        for node in attributes
        if node.attr in LOWER.get(modules.get(node.value.id, ""), ())
    ]


def test_nobody_changes_trust_but_through_its_own_module() -> None:
    paths = {str(path): tree for path, tree in own_sources()}
    assert UPPER in paths
    assert ways_past(UPPER, paths.pop(UPPER)), "the lower acts have other names now"
    assert [way for path, tree in paths.items() if path != BETWEEN for way in ways_past(path, tree)] == []


@pytest.mark.parametrize(
    "text",
    [
        "from agencies import registry\nregistry.load()",
        "from agencies import registry as list_\nlist_.load()",
        "from agencies.clients import register",
        "from exchange import epochs\nbegin = epochs.begin",
        "import agencies.verifiers",
    ],
)
def test_a_way_past_it_is_found(text: str) -> None:
    assert ways_past("x.py", ast.parse(text))


@pytest.mark.parametrize("text", ["from agencies import registry\nregistry.own_private_key(a)", "self.epochs.begin()"])
def test_what_changes_nothing_is_not(text: str) -> None:
    assert ways_past("x.py", ast.parse(text)) == []
