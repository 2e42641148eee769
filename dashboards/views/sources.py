"""Sources: what is read where, their options as a form, and what they would make of packets."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, gettext_lazy

from devices.access import scope_of
from devices.models import Broker, Source
from devices.models.registry import sources_at
from devices.source_port import TEMPLATES, OptionField, port
from devices.whole_numbers import whole_number

# So long a dry run listens; and so large a file of templates may be.
LISTEN_SECONDS, MAX_FILE = 3.0, 500_000
EXAMPLE = """- topic: plant/{site}/{device}/{metric*}
  metrics:
    oil.temperature: {unit: °C, scale: 0.1}"""
_WIDGETS: dict[str, Callable[[], forms.Widget]] = {
    "text": forms.TextInput,
    "lines": lambda: forms.Textarea(attrs={"rows": 3}),
    "yaml": lambda: forms.Textarea(
        attrs={"rows": 22, "class": "code", "spellcheck": "false", "placeholder": EXAMPLE}
    ),
}


class OptionsForm(forms.Form):
    """The options of a convention."""

    def __init__(self, found: list[OptionField], data: Any = None, files: Any = None) -> None:
        """Make a field of each option."""
        super().__init__(data, files, initial={one.name: one.value for one in found})
        self.yaml = next((one.name for one in found if one.kind == "yaml"), "")
        for one in found:
            self.fields[one.name] = _field(one)
        if self.yaml:
            self.fields["file"] = forms.FileField(
                label=gettext_lazy("Or a YAML file"),
                required=False,
                widget=forms.FileInput(attrs={"accept": ".yaml,.yml"}),
            )

    def clean(self) -> dict[str, Any]:
        """Have a file in place of the text."""
        given = dict(super().clean() or {})
        file = given.pop("file", None)
        if file is None:
            return given
        if file.size > MAX_FILE:
            raise ValidationError({"file": gettext("Larger than %d bytes.") % MAX_FILE})
        try:
            text = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValidationError({"file": gettext("This is no text in UTF-8.")}) from error
        # What is shown, too.
        self.data = {**self.data.dict(), self.yaml: text}  # type: ignore[attr-defined] # a QueryDict
        return {**given, self.yaml: text}


def _field(one: OptionField) -> forms.Field:
    words: dict[str, Any] = {
        "label": one.name.replace("_", " "),
        "help_text": one.help,
        "required": False,
    }
    if one.kind == "boolean":
        return forms.BooleanField(**words)
    if one.kind == "choice":
        return forms.ChoiceField(choices=[(name, name) for name in one.choices], **words)
    return forms.CharField(widget=_WIDGETS[one.kind](), max_length=MAX_FILE, **words)


class NewForm(forms.Form):
    """A Source of templates that is to be made."""

    name = forms.SlugField(label=gettext_lazy("Name"), max_length=50)
    broker = forms.ModelChoiceField(
        Broker.objects.all(),
        label=gettext_lazy("Broker"),
        required=False,
        empty_label=gettext_lazy("That of the settings"),
    )

    def clean_name(self) -> str:
        """Refuse a name that is taken."""
        name = str(self.cleaned_data["name"])
        if Source.objects.filter(name=name).exists():
            raise ValidationError(gettext("There is a Source of this name already."))
        return name


@login_required
def sources_page(request: HttpRequest) -> HttpResponse:
    """Show what is read, and make a Source of templates."""
    _may(request, "view_source")
    letter = _number(request.GET.get("letter", ""))
    form = NewForm(initial=_start(letter))
    if request.method == "POST":
        _may(request, "add_source")
        form = NewForm(request.POST)
        if form.is_valid():
            made = Source.objects.create(convention=TEMPLATES, **form.cleaned_data)
            return _to(made, letter)
    elif letter and (known := _of_letter(letter)) is not None:
        return _to(known, letter)
    sources = Source.objects.select_related("broker").annotate(devices=Count("identities"))
    shown = [(one, port().label(one.convention)) for one in sources]
    context = {"sources": shown, "form": form, "letter": letter}
    is_wrong = form.is_bound
    return render(request, "dashboards/sources.html", context, status=400 if is_wrong else 200)


@login_required
def source_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show the options of a Source as a form; try them out, keep them, read what was kept."""
    _may(request, "change_source")
    source = get_object_or_404(Source.objects.select_related("broker"), name=name)
    try:
        label, found = port().label(source.convention), port().fields(source)
    except LookupError:
        # Of a package that is not installed any more.
        context = {"source": source, "label": source.convention, "form": OptionsForm([])}
        return render(request, "dashboards/source.html", context)
    form, tried = OptionsForm(_with_example(request, found)), None
    if request.method == "POST" and "kept" in request.POST:
        _may(request, "delete_deadletter", "mqtt_ingest")
        messages.info(request, port().read_kept(source))
        return redirect("source", name)
    if request.method == "POST":
        if "save" not in request.POST:
            # It shows packets of all devices.
            _may(request, "view_deadletter", "mqtt_ingest")
        form = OptionsForm(found, request.POST, request.FILES)
        if _take(form, source):
            if "save" in request.POST:
                source.save()
                messages.success(request, gettext("Saved. Workers read by it within seconds."))
                return redirect("source", name)
            tried = port().try_out(source, LISTEN_SECONDS)
    is_kept_seen = scope_of(request.user).packets
    context = {
        "source": source,
        "label": label,
        "form": form,
        "tried": tried,
        "kept": port().kept(source) if is_kept_seen and not form.is_bound else 0,
        "seconds": int(LISTEN_SECONDS),
    }
    status = 400 if form.errors else 200
    return render(request, "dashboards/source.html", context, status=status)


@login_required
def source_file(request: HttpRequest, name: str) -> HttpResponse:
    """Send what of a Source is written as YAML, to be kept or taken elsewhere."""
    _may(request, "view_source")
    source = get_object_or_404(Source, name=name)
    written = [one for one in port().fields(source) if one.kind == "yaml"]
    content = "".join(_block(one) for one in written)
    answer = HttpResponse(content, content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{source.name}.yaml"'
    return answer


def _block(one: OptionField) -> str:
    return f"{one.name}:\n{one.value}" if one.value else f"{one.name}: []\n"


def _take(form: OptionsForm, source: Source) -> bool:
    """Set the options that were given on `source`; False, with words in the form, if they fail."""
    if not form.is_valid():
        return False
    try:
        source.options = port().options(source, form.cleaned_data)
        source.full_clean()
    except ValidationError as error:
        for name, words in error.message_dict.items():
            form.add_error(name if name in form.fields else None, words)
        return False
    return True


def _with_example(request: HttpRequest, found: list[OptionField]) -> list[OptionField]:
    """Return the fields, with a template for a kept packet in front of those there are."""
    letter = _number(request.GET.get("letter", ""))
    if not letter or not scope_of(request.user).packets:
        return found
    try:
        _broker, options = port().example(letter)
    except LookupError:
        return found
    return [port().joined(one, options.get(one.name)) for one in found]


def _start(letter: int) -> dict[str, Any]:
    """Return the name and broker of a new Source that is to read a kept packet."""
    try:
        broker = port().example(letter)[0] if letter else ""
    except LookupError:
        broker = ""
    name = "-".join(["structure", *([broker] if broker else [])])
    return {"name": name, "broker": Broker.objects.filter(name=broker).first()}


def _of_letter(letter: int) -> Source | None:
    """Return the first Source of templates at the broker that a kept packet came by."""
    try:
        broker, _options = port().example(letter)
    except LookupError:
        return None
    return sources_at(broker).filter(convention=TEMPLATES).first()


def _to(source: Source, letter: int) -> HttpResponse:
    answer = redirect("source", source.name)
    if letter:
        answer["Location"] += f"?letter={letter}"
    return answer


def _number(text: str) -> int:
    return whole_number(text) or 0


def _may(request: HttpRequest, right: str, app: str = "devices") -> None:
    if not request.user.has_perm(f"{app}.{right}"):
        raise PermissionDenied
