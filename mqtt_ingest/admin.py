"""The inbox of dead letters: why packets could not become readings, and what to do now."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from devices.admin.bounded_search import BoundedSearch
from devices.words import counted
from mqtt_ingest import dead_letters, inbox
from mqtt_ingest.models import DeadLetter

SHOWN_BYTES = 4_096
# A request replays for so long; the rest is told, and `manage.py deadletters` has no limit.
REPLAY_SECONDS = 20.0
GROUPS = 20


class DiscardForm(forms.Form):
    """Why packets are thrown away."""

    why = forms.CharField(max_length=500, label="Reason", widget=forms.Textarea(attrs={"rows": 2}))


@admin.register(DeadLetter)
class DeadLetterAdmin(BoundedSearch[DeadLetter]):
    """Dead letters by reason, device and source: looked at, tried out, replayed, discarded."""

    list_display = ["received_at", "number", "reason", "device_key", "detail", "topic", "start"]
    list_filter = ["reason", "source", "received_at"]
    search_fields = ["topic", "detail", "device_key"]
    date_hierarchy = "received_at"
    show_full_result_count = False
    actions = ["replay_selected", "discard_selected"]
    change_list_template = "mqtt_ingest/deadletters.html"
    change_form_template = "mqtt_ingest/deadletter.html"
    readonly_fields = [
        *("received_at", "reason", "detail", "device_key", "number", "last_at", "last_detail"),
        *("now_reads", "topic", "as_text", "as_json", "as_hex", "last_as_text"),
        *("source", "slot", "qos", "retain", "packet_id"),
    ]
    fields = tuple(readonly_fields)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """They come from packets."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are evidence: shown, never edited."""
        del obj
        return request.method == "POST" and self.has_delete_permission(request)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Deleting without a reason is not offered."""
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    # --- pages ------------------------------------------------------------------
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list below tables of groups: by shape, and by reason and device."""
        groups = (
            DeadLetter.objects.values("reason", "device_key")
            .annotate(letters=Count("pk"), packets=Sum("number"))
            .order_by("-packets")[:GROUPS]
        )
        context = {"groups": groups, "shapes": inbox.by_shape(DeadLetter.objects.all())}
        return super().changelist_view(request, {**(extra_context or {}), **context})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show one; its button replays it."""
        letter = self.get_object(request, object_id)
        if request.method == "POST" and letter is not None:
            if not self.has_delete_permission(request, letter):
                raise PermissionDenied
            self._replay(request, DeadLetter.objects.filter(pk=letter.pk))
            return HttpResponseRedirect(reverse("admin:mqtt_ingest_deadletter_changelist"))
        return super().change_view(request, object_id, form_url, extra_context)

    # --- actions ----------------------------------------------------------------
    @admin.action(
        description=gettext_lazy("Replay: store what can be read now"), permissions=["delete"]
    )
    def replay_selected(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        """Put the selected packets through the pipeline again."""
        self._replay(request, letters)

    def _replay(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        for letter in letters[:50]:
            self._log(request, letter, CHANGE, "replayed")
        try:
            result = dead_letters.replay(
                letters.order_by("received_at").iterator(200), REPLAY_SECONDS
            )
        except dead_letters.BusyError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        level = messages.WARNING if result.stay else messages.SUCCESS
        self.message_user(request, result.words(), level)

    @admin.action(description=gettext_lazy("Discard, with a reason"), permissions=["delete"])
    def discard_selected(
        self, request: HttpRequest, letters: QuerySet[DeadLetter]
    ) -> HttpResponse | None:
        """Ask for the reason, then remove the selected packets for good."""
        form = DiscardForm(request.POST if "why" in request.POST else None)
        if form.is_valid():
            why = form.cleaned_data["why"]
            for letter in letters[:50]:
                self._log(request, letter, DELETION, why)
            number = dead_letters.discard(letters, why)
            self.message_user(
                request, f"{counted(number, 'packet')} discarded: {why}", messages.WARNING
            )
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Discard dead letters",
            "form": form,
            "letters": letters[:20],
            "number": letters.aggregate(n=Sum("number"))["n"],
            "keys": request.POST.getlist("_selected_action"),
            "across": request.POST.get("select_across", "0"),
            "opts": self.model._meta,  # noqa: SLF001 - what admin's templates ask for
        }
        return TemplateResponse(request, "mqtt_ingest/discard.html", context)

    def _log(self, request: HttpRequest, letter: DeadLetter, flag: int, why: str) -> None:
        assert request.user.pk is not None  # admin lets nobody else in
        LogEntry.objects.log_actions(request.user.pk, [letter], flag, why)

    # --- one letter --------------------------------------------------------------
    @admin.display(description=gettext_lazy("payload"))
    def start(self, letter: DeadLetter) -> str:
        """Return the payload's first characters."""
        return _text(bytes(letter.payload)[:60])

    @admin.display(description=gettext_lazy("the pipeline now reads"))
    def now_reads(self, letter: DeadLetter) -> SafeString:
        """Return the dry-run: what each packet would become now."""
        lines = [line for told in dead_letters.dry_run(letter) for line in _told(told)]
        return format_html(
            "<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((x,) for x in lines))
        )

    @admin.display(description=gettext_lazy("payload as text"))
    def as_text(self, letter: DeadLetter) -> str:
        """Return the payload as text, what is not UTF-8 as escapes."""
        return _text(bytes(letter.payload)[:SHOWN_BYTES])

    @admin.display(description=gettext_lazy("payload as JSON"))
    def as_json(self, letter: DeadLetter) -> SafeString | str:
        """Return the payload indented, where it is JSON."""
        try:
            parsed = json.loads(bytes(letter.payload))
        except (ValueError, RecursionError):
            return "it is not JSON"
        text = json.dumps(parsed, indent=2, ensure_ascii=False)[:SHOWN_BYTES]
        # Halves of characters are JSON, and no page has them.
        text = text.encode("utf-8", "replace").decode()
        return format_html("<pre>{}</pre>", text)

    @admin.display(description=gettext_lazy("payload as hex"))
    def as_hex(self, letter: DeadLetter) -> str:
        """Return the payload as hex."""
        return bytes(letter.payload)[:SHOWN_BYTES].hex(" ")

    @admin.display(description=gettext_lazy("last payload as text"))
    def last_as_text(self, letter: DeadLetter) -> str:
        """Return the payload of the last packet that was alike."""
        return _text(bytes(letter.last_payload or b"")[:SHOWN_BYTES])


def _told(told: dict[str, Any]) -> list[str]:
    """Return a dry-run in words."""
    if told["reason"]:
        where = "" if told["position"] is None else f" (at {told['position']})"
        return [f"still a dead letter: {told['reason']}: {told['detail']}{where}"]
    lines = [
        f"{told['device']}/{s['metric']} = {s['value']} ({s['kind']})" for s in told["samples"]
    ]
    lines += [f"not stored: {metric}: {problem}" for metric, problem in told["bad"]]
    return lines or ["nothing to store"]


def _text(payload: bytes) -> str:
    return payload.decode("utf-8", "backslashreplace")
