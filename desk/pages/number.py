"""The Individual Number at the desk: masked, shown for a reason, told by letter, changed by two clerks."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _

from crossings import particulars
from crossings.look import look
from crossings.purposes import Purpose
from desk.forms.second_steps import ChangeNumberForm, ConfirmForm, ReasonForm
from desk.pages.page import address, described, of_a_person, show
from desk.permissions import Act
from numbering import change
from numbering.check_digits import display
from numbering.models import NumberChange
from numbering.notice import masked, number_notice, unmask
from residents.models import Resident


def _record(request: HttpRequest, resident: Resident, reason: str) -> None:
    """The person reads of it before the clerk reads the number."""
    look(
        clerk=request.user, resident=resident, purpose=Purpose.NUMBER, words=reason, case_number="", what="number",
        at=timezone.now(),
    )  # fmt: skip


@of_a_person(Act.UNMASK_NUMBER)
def unmask_number(request: HttpRequest, resident: Resident) -> HttpResponse:
    """The whole number, on one page that is never kept, after the reason is on record twice."""
    _require_number(resident)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    back = address("change", resident.pk)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        _record(request, resident, reason)
        number = unmask(resident=resident, by=request.user.pseudonym("registry"), reason=reason, at=timezone.now())
        return show(
            request, "desk/number.html", title=_("Individual Number"), number=display(number), back=back, here="search"
        )
    return show(
        request, "desk/form.html", title=_("Show the whole number"), form=form, fields=described(form), back=back,
        warning=_("The person will read that the number was shown, and why."), button=_("Record the reason and show"),
        here="search",
    )  # fmt: skip


@of_a_person(Act.NOTIFY_NUMBER)
def notice(request: HttpRequest, resident: Resident) -> HttpResponse:
    """The letter that tells the holder the number (Number Act, article 7(1))."""
    _require_number(resident)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        _record(request, resident, reason)
        pdf = number_notice(resident=resident, by=request.user.pseudonym("registry"), reason=reason, at=timezone.now())
        return HttpResponse(
            pdf, content_type="application/pdf", headers={"Content-Disposition": 'attachment; filename="notice.pdf"'}
        )
    return show(
        request, "desk/form.html", title=_("Notice of the number"), form=form, fields=described(form),
        back=address("change", resident.pk), warning=_("The letter shows the whole number: for its holder only."),
        button=_("Record the reason and make the letter"), here="search",
    )  # fmt: skip


@of_a_person(Act.ASK_TO_CHANGE_NUMBER)
def ask(request: HttpRequest, resident: Resident) -> HttpResponse:
    """The first clerk asks for a new number; nothing changes yet."""
    _require_number(resident)
    form = ChangeNumberForm(request.POST if request.method == "POST" else None)
    back = address("change", resident.pk)
    if form.is_valid():
        try:
            change.request(
                resident=resident,
                reason=form.cleaned_data["reason"],
                by=request.user.pseudonym("registry"),
                at=timezone.now(),
            )
        except change.ChangeRefused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Asked for. A supervisor decides."))
            return HttpResponseRedirect(back)
    return show(
        request, "desk/form.html", title=_("Ask for a new number"), form=form, fields=described(form), back=back,
        button=_("Ask"), here="search",
    )  # fmt: skip


@of_a_person(Act.APPROVE_NUMBER_CHANGE)
def approve(request: HttpRequest, resident: Resident) -> HttpResponse:
    """A second clerk gives the new number. The old one is retired for good."""
    waiting = NumberChange.objects.filter(resident=resident, approved_at__isnull=True).first()
    if waiting is None:
        raise Http404
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    back = address("change", resident.pk)
    if form.is_valid():
        try:
            by, now = request.user.pseudonym("registry"), timezone.now()
            change.approve(change=waiting, by=by, at=now)
            particulars.number_changed(resident=resident, by=by, at=now)
        except change.ChangeRefused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The person has a new number. The old one is not valid any more."))
            return HttpResponseRedirect(back)
    return show(
        request, "desk/form.html", title=_("Decide on the new number"), form=form, fields=described(form), back=back,
        about=[(_("Ground for a new number"), waiting.get_reason_display()), (_("Asked at"), waiting.requested_at)],
        button=_("Give a new number"), stop=True, here="search",
    )  # fmt: skip


def _require_number(resident: Resident) -> None:
    if not masked(resident):
        raise Http404
