"""Who is told of alarms, as pages: the list, the form, a test."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_lazy

from devices.access import Scope, scope_of, throttle
from devices.alarms import listing, receivers
from devices.alarms.models import Receiver, Rule
from devices.alarms.notifying.errors import NotSent
from devices.alarms.notifying.sending import send_test
from devices.models import Site


class ReceiverForm(forms.ModelForm[Receiver]):
    """A receiver; a person is named by their user name."""

    person = forms.CharField(
        label=gettext_lazy("Person"),
        required=False,
        max_length=150,
        help_text=gettext_lazy("A user name. They hear of devices that they may see, no others."),
    )

    class Meta:
        model = Receiver
        fields = (
            *("name", "kind", "target", "site", "least", "tells_end", "every_rule", "rules"),
            *("quiet_from", "quiet_to", "zone", "enabled"),
        )
        widgets: ClassVar = {
            "quiet_from": forms.TimeInput({"type": "time"}, format="%H:%M"),
            "quiet_to": forms.TimeInput({"type": "time"}, format="%H:%M"),
        }

    field_order = ("name", "kind", "person", "target", "site")

    def __init__(self, scope: Scope, user: Any, *args: Any, **options: Any) -> None:
        """Offer what this person may choose."""
        super().__init__(*args, **options)
        self._scope, self._user = scope, user
        sites = Site.objects.order_by("name")
        site: Any = self.fields["site"]
        site.queryset = sites if scope.everything else sites.filter(pk__in=scope.sites)
        rules: Any = self.fields["rules"]
        rules.queryset = listing.rules(scope)
        rules.required = False
        is_new = self.instance._state.adding  # noqa: SLF001 - Django documents it
        owner = user if is_new else self.instance.user
        self.initial["person"] = "" if owner is None else owner.get_username()

    def clean(self) -> dict[str, Any]:
        """Refuse what cannot work, or is not this person's to set up."""
        cleaned = dict(super().clean() or self.cleaned_data)
        if self.errors:
            return cleaned
        receiver = self.instance
        for name in ("name", "kind", "target", "site", "quiet_from", "quiet_to"):
            setattr(receiver, name, cleaned[name])
        receiver.user = self._person(cleaned) if receiver.kind == Receiver.Kind.PERSON else None
        try:
            receivers.check(receiver, self._scope, self._user)
        except ValidationError as error:
            told = dict(error.message_dict) if hasattr(error, "error_dict") else {}
            if "user" in told:
                told["person"] = told.pop("user")
            raise forms.ValidationError(told or error.messages) from error
        cleaned["target"] = receiver.target
        return cleaned

    def _person(self, cleaned: dict[str, Any]) -> Any:
        model: Any = get_user_model()
        name = {model.USERNAME_FIELD: cleaned["person"].strip()}
        found = model.objects.filter(is_active=True, **name).first()
        if found is None:
            words = gettext("There is no account of that name.")
            raise forms.ValidationError({"person": words})
        return found


@login_required
def receivers_page(request: HttpRequest) -> HttpResponse:
    """List who is told of alarms, as far as one may set it up, and how that goes."""
    scope = scope_of(request.user)
    found = receivers.visible(scope, request.user).annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state="waiting")),
        dead=Count("deliveries", filter=Q(deliveries__state="dead")),
        sent=Count("deliveries", filter=Q(deliveries__state="sent")),
    )
    context = {"receivers": found, "may_add": scope.has_role or scope.changes}
    return render(request, "dashboards/alarms/receivers.html", context)


@login_required
def receiver_page(request: HttpRequest, number: int = 0) -> HttpResponse:
    """Show a receiver's form; save it, test it, give it a new secret, or delete it."""
    scope = scope_of(request.user)
    if not (scope.has_role or scope.changes):
        raise PermissionDenied
    receiver = _find(number, scope, request.user) if number else Receiver(kind="person")
    if request.method == "POST" and number and (done := _done(request, receiver)):
        return redirect(done)
    posted = request.POST if request.method == "POST" else None
    form = ReceiverForm(scope, request.user, posted, instance=receiver)
    if form.is_valid():
        made = form.save(commit=False)
        if made.kind == Receiver.Kind.WEBHOOK and not made.secret:
            _tell(request, receivers.new_secret(made))
        # A change of where to is a new beginning.
        made.failures, made.wait_until, made.error = 0, None, ""
        made.save()
        made.rules.set(_rules(form, made, scope))
        messages.success(request, gettext("Saved."))
        return redirect(made)
    deliveries = receiver.deliveries.select_related("event__alarm") if number else None
    context = {
        "form": form,
        "receiver": receiver,
        "number": number,
        "deliveries": deliveries.order_by("-pk")[:50] if deliveries is not None else [],
    }
    status = 400 if form.is_bound else 200
    return render(request, "dashboards/alarms/receiver.html", context, status=status)


def _rules(form: ReceiverForm, receiver: Receiver, scope: Scope) -> list[Rule]:
    """Return what was chosen, with what was there already and this person does not see."""
    seen = listing.rules(scope)
    return [*form.cleaned_data["rules"], *receiver.rules.exclude(pk__in=seen.values("pk"))]


def _done(request: HttpRequest, receiver: Receiver) -> Any:
    """Do what a button says; return where to go then, None: it was none of these."""
    if "delete" in request.POST:
        receiver.delete()
        messages.success(request, gettext("Nobody is told there any more."))
        return "alarm-receivers"
    if "secret" in request.POST and receiver.kind == Receiver.Kind.WEBHOOK:
        _tell(request, receivers.new_secret(receiver))
        receiver.save(update_fields=["secret"])
        return receiver
    if "test" in request.POST:
        _test(request, receiver)
        return receiver
    return None


def _tell(request: HttpRequest, secret: str) -> None:
    words = gettext("Its secret, told this once: %s")
    messages.warning(request, words % secret)


def _test(request: HttpRequest, receiver: Receiver) -> None:
    """Send a test, and say what came back. A person's tests are counted, as guesses are."""
    name = f"user {request.user.pk}"
    if throttle.wait_of("test", name):
        messages.error(request, gettext("Wait a little before the next test."))
        return
    throttle.failed("test", name)
    try:
        send_test(receiver)
    except NotSent as error:
        messages.error(request, gettext("It was not taken: %s") % error)
    else:
        messages.success(request, gettext("It was taken."))


def _find(number: int, scope: Scope, user: Any) -> Receiver:
    found = receivers.visible(scope, user).filter(pk=number).first()
    if found is None:
        raise Http404(gettext("There is no such receiver, or you may not see it."))
    return found
