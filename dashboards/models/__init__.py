"""What people make to look at, and what they say about it."""

from dashboards.models.boards import RESERVED, SLUG_LENGTH, Board, BoardRevision
from dashboards.models.links import BoardLink
from dashboards.models.notes import Mention, Note, NoteCounter, NoteEdit
from dashboards.models.pictures import Picture
from dashboards.models.views import SavedView

__all__ = [
    "RESERVED",
    "SLUG_LENGTH",
    "Board",
    "BoardLink",
    "BoardRevision",
    "Mention",
    "Note",
    "NoteCounter",
    "NoteEdit",
    "Picture",
    "SavedView",
]
