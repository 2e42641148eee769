"""Who may see and change which board. What is on it is seen by one's rights to devices."""

from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from dashboards.models import Board
from devices.access import Scope
from devices.models import Site


def readable(user: Any, scope: Scope) -> QuerySet[Board]:
    """Return the boards that `user` may see: own ones, those of their sites, those of all."""
    # Drafts are large, and read where one board is opened.
    boards = Board.objects.select_related("site", "owner").defer("draft")
    if user.is_superuser or user.has_perm("dashboards.view_board"):
        return boards
    of_site = Q(shared=Board.Shared.SITE, site__isnull=False)
    if not scope.everything:
        of_site &= Q(site__in=scope.sites)
    return boards.filter(Q(owner_id=user.pk) | Q(shared=Board.Shared.EVERYBODY) | of_site)


def may_edit(board: Board, user: Any, scope: Scope) -> bool:
    """Return whether `user` may change what is on `board`, of those they see."""
    if may_manage(board, user, scope):
        return True
    return board.shared == Board.Shared.SITE and _operates(board, scope)


def may_manage(board: Board, user: Any, scope: Scope) -> bool:
    """Return whether `user` may share, move and delete `board`, of those they see."""
    if board.owner_id == user.pk or user.has_perm("dashboards.change_board"):
        return True
    return board.shared == Board.Shared.SITE and board.site_id in scope.managed


def may_link(board: Board, user: Any, scope: Scope) -> bool:
    """Return whether `user` may show `board` to people without a login: operators may."""
    operates = scope.changes or bool(scope.operated)
    return settings.SHARE_LINKS and operates and may_manage(board, user, scope)


def may_make(user: Any, scope: Scope) -> bool:
    """Return whether `user` may have boards: who sees devices, or boards of others."""
    return scope.has_role or user.has_perm("dashboards.add_board")


def sites_shared(scope: Scope) -> QuerySet[Site]:
    """Return the sites whose people one may share a board with: where one is an operator."""
    sites = Site.objects.order_by("name")
    return sites if scope.changes else sites.filter(pk__in=scope.operated)


def refusal(shared: str, site: Site | None, user: Any, scope: Scope) -> tuple[str, str]:
    """Return which field keeps `user` from sharing a board so, and why; empty: nothing does."""
    if shared == Board.Shared.SITE and site is None:
        return "site", gettext("Choose the site whose people are to see it.")
    is_ours = site is None or sites_shared(scope).filter(pk=site.pk).exists()
    if shared == Board.Shared.SITE and not is_ours:
        return "site", gettext("Only operators of a site may show a board to its people.")
    if shared == Board.Shared.EVERYBODY and not _may_share_with_everybody(user, scope):
        return "shared", gettext("Only managers may show a board to everybody.")
    return "", ""


def _may_share_with_everybody(user: Any, scope: Scope) -> bool:
    return scope.changes or bool(scope.managed) or user.has_perm("dashboards.change_board")


def _operates(board: Board, scope: Scope) -> bool:
    return scope.changes or board.site_id in scope.operated
