"""YAML without anchors: a few of them would stand for more than any memory holds."""

from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse an alias."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases are not read here")
        return super().compose_node(parent, index)


def load(text: str) -> Any:
    """Return what `text` says.

    Raises:
        yaml.YAMLError: it is no YAML, or has an alias.
    """
    return yaml.load(text, _Loader)  # noqa: S506 - a safe loader's subclass
