"""A citizen's settings: language, and whether hints go to an e-mail address."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import contact
from portal.access import citizen_required
from portal.views import confirm

# Each by its own name: whoever needs it may not read the other.
_LANGUAGES = [("ja", "日本語"), ("en", "English")]


class SettingsForm(forms.Form):
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the pages and of the hints"),
        choices=_LANGUAGES,
        widget=forms.RadioSelect,
    )
    hints = forms.BooleanField(label=gettext_lazy("Send me a hint by e-mail when a letter arrives"), required=False)
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        required=False,
        max_length=254,
        error_messages={
            "invalid": gettext_lazy("This does not look like an e-mail address. Write it like name@example.jp."),
        },
    )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("hints") and not cleaned.get("email") and "email" not in self.errors:
            self.add_error("email", _("Write the address that the hints should go to, or switch the hints off."))
        return cleaned


@require_http_methods(["GET", "POST"])
@citizen_required
def settings_page(request: HttpRequest) -> HttpResponse:
    user = request.user
    address = contact.email_of(user)
    form = SettingsForm(
        request.POST or None, initial={"language": user.language, "hints": bool(address), "email": address or ""}
    )
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        wanted = {"language": chosen["language"], "email": chosen["email"] if chosen["hints"] else ""}
        if wanted["email"] != (address or ""):
            return confirm.ask(request, "settings", wanted)
        return _save(request, wanted)
    return render(request, "portal/settings.html", {"form": form}, status=422 if form.is_bound else 200)


def _save(request: HttpRequest, wanted: dict[str, str]) -> HttpResponse:
    user = request.user
    contact.set_email(user=user, address=wanted["email"])
    user.language = wanted["language"]
    user.save(update_fields=["language"])
    with translation.override(user.language):
        messages.success(request, _("Your settings have been saved."))
    response = redirect("portal:settings")
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, user.language, samesite="Lax", secure=settings.SECURE_COOKIES, httponly=True
    )
    return response


# Whoever sits down at an open screen must not redirect a person's hints: the address changes with the card only.
confirm.register(
    "settings",
    gettext_lazy("Your e-mail address for hints"),
    lambda wanted: wanted["email"] or _("No hints any more; the address is deleted."),
    _save,
)
