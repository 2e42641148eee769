"""Who may see and change what: people, tokens, kiosks; and that a page learns of changes."""

from devices.access.scopes import (
    ALL,
    Scope,
    levels_below,
    runs_sites,
    scope_of,
    site_and_below,
    sites_above,
    sites_below,
    token_digest,
    user_of_session,
    user_of_token,
)

__all__ = [
    "ALL",
    "Scope",
    "levels_below",
    "runs_sites",
    "scope_of",
    "site_and_below",
    "sites_above",
    "sites_below",
    "token_digest",
    "user_of_session",
    "user_of_token",
]
