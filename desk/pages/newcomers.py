"""People who were on no register before: a birth, or a first arrival from abroad."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crossings import move
from desk.forms.acts import ActForm, BirthForm, FromAbroadForm
from desk.pages.acts import carried
from desk.pages.page import described, for_clerks_who_may, show
from desk.permissions import Act
from residents.errors import RegisterError


@for_clerks_who_may(Act.REGISTER)
def choice(request: HttpRequest) -> HttpResponse:
    tiles = [
        {"name": _("Birth"), "text": _("A child born to someone who lives here."),
         "href": reverse("desk:residents_resident_birth")},
        {"name": _("First arrival from abroad"), "text": _("Who lived in Japan before is found under “Moving in”."),
         "href": reverse("desk:residents_resident_from_abroad")},
    ]  # fmt: skip
    return show(request, "desk/tiles.html", title=_("New resident"), tiles=tiles, here="new")


@for_clerks_who_may(Act.REGISTER)
def birth(request: HttpRequest) -> HttpResponse:
    def call(form: Any) -> None:
        household, home = form.home()
        move.register_birth(
            clerk=request.user, details=form.details(), address=home, household=household, at=timezone.now()
        )

    return _register(request, BirthForm, call, title=_("Birth"))


@for_clerks_who_may(Act.REGISTER)
def from_abroad(request: HttpRequest) -> HttpResponse:
    def call(form: Any) -> None:
        move.register_from_abroad(
            clerk=request.user,
            details=form.details(),
            address=form.new_address(),
            household=form.household(),
            relation=form.cleaned_data["relation"],
            on=form.cleaned_data["on"],
            at=timezone.now(),
        )

    return _register(request, FromAbroadForm, call, title=_("First arrival from abroad"))


def _register(request: HttpRequest, form_class: type[ActForm], call: Any, *, title: str) -> HttpResponse:
    step = request.POST.get("step", "")
    form = form_class(request.POST if request.method == "POST" else None, municipality_code=request.user.agency)
    if form.is_bound and form.is_valid() and step != "change":
        if step != "confirm":
            return show(
                request, "desk/check.html", title=_("Check your answers"), lead=title, answers=form.answers(),
                carried=carried(form), here="new",
            )  # fmt: skip
        try:
            call(form)
        except RegisterError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The new resident is registered and has an Individual Number."))
            return HttpResponseRedirect(reverse("desk:index"))
    return show(
        request,
        "desk/form.html",
        title=title,
        form=form,
        fields=described(form),
        button=_("Go on and check"),
        here="new",
    )
