"""Support measures at the desk: one clerk sets them, two lift them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _

from crossings import protect as crossing
from desk.forms.second_steps import ConfirmForm, ProtectForm
from desk.pages.page import address, described, of_a_person, show
from desk.permissions import Act
from residents.errors import RegisterError
from residents.models import Protection, Resident


@of_a_person(Act.PROTECT)
def protect(request: HttpRequest, resident: Resident) -> HttpResponse:
    """Done means done: every agency that knows the person has the flag before this page says so."""
    form = ProtectForm(request.POST if request.method == "POST" else None)

    def call() -> None:
        crossing.protect(
            clerk=request.user, resident=resident, until_on=form.cleaned_data["until_on"], at=timezone.now()
        )

    return _step(
        request, resident, form, call, title=_("Protect this person"), button=_("Protect"),
        done=_("The person is protected, also at every agency that knows the person."),
    )  # fmt: skip


@of_a_person(Act.ASK_TO_LIFT_PROTECTION)
def ask_to_lift(request: HttpRequest, resident: Resident) -> HttpResponse:
    """The first of two clerks."""
    _require_protected(resident)
    form = ConfirmForm(request.POST if request.method == "POST" else None, label=_("The person has asked for this."))

    def call() -> None:
        crossing.ask_to_lift(clerk=request.user, resident=resident, at=timezone.now())

    return _step(
        request, resident, form, call, title=_("Ask for the lifting"), button=_("Ask"),
        done=_("Asked for. The measures hold until a supervisor decides."),
    )  # fmt: skip


@of_a_person(Act.APPROVE_LIFTING)
def approve_lifting(request: HttpRequest, resident: Resident) -> HttpResponse:
    """The second of two clerks; never the one who asked."""
    _require_protected(resident)
    form = ConfirmForm(request.POST if request.method == "POST" else None)

    def call() -> None:
        crossing.confirm_lifting(clerk=request.user, resident=resident, at=timezone.now())

    return _step(
        request, resident, form, call, title=_("Decide on the lifting"), button=_("Lift the measures"), stop=True,
        done=_("The measures are lifted."),
    )  # fmt: skip


def _step(request: HttpRequest, resident: Resident, form: Any, call: Any, *, done: str, **words: Any) -> HttpResponse:
    back = address("change", resident.pk)
    if form.is_valid():
        try:
            call()
        except RegisterError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, done)
            return HttpResponseRedirect(back)
    return show(request, "desk/form.html", form=form, fields=described(form), back=back, here="search", **words)


def _require_protected(resident: Resident) -> None:
    if not Protection.objects.of(resident).in_force(timezone.now()).exists():
        raise Http404
