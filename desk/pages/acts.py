"""Acts of the register at the desk: a form, a page to check the answers, and one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from crossings import move, particulars
from desk.forms import acts as forms
from desk.pages.page import address, described, of_a_person, show
from desk.permissions import Act
from residents import changes, moves
from residents.errors import RegisterError
from residents.models import Entry, Resident, Status

Call = Callable[[User, Resident, Any, datetime], Entry]


@dataclass(frozen=True, slots=True)
class RegisterAct:
    """One act: its address, its name, its form, whom it is open to, and the call."""

    slug: str
    title: Any
    form: type[forms.ActForm]
    open_to: tuple[str, ...]
    call: Call


def _by(clerk: User) -> str:
    return clerk.pseudonym("registry")


def _move_out(clerk: User, resident: Resident, form: Any, at: datetime) -> Entry:
    return moves.move_out(resident=resident, on=form.cleaned_data["on"], by=_by(clerk), at=at)


def _move_within(clerk: User, resident: Resident, form: Any, at: datetime) -> Entry:
    return moves.move_within(
        resident=resident, address=form.new_address(), on=form.cleaned_data["on"], by=_by(clerk), at=at
    )


def _change_name(clerk: User, resident: Resident, form: Any, at: datetime) -> Entry:
    return changes.change_name(resident=resident, **form.names(), on=form.cleaned_data["on"], by=_by(clerk), at=at)


def _leave_japan(clerk: User, resident: Resident, form: Any, at: datetime) -> Entry:
    return moves.leave_japan(resident=resident, on=form.cleaned_data["on"], by=_by(clerk), at=at)


def _record_death(clerk: User, resident: Resident, form: Any, at: datetime) -> Entry:
    return changes.record_death(resident=resident, on=form.cleaned_data["on"], by=_by(clerk), at=at)


def _correct(clerk: User, resident: Resident, form: Any, at: datetime) -> Entry:
    return changes.correct(
        resident=resident,
        details=form.details(),
        address=form.new_address(),
        relation=form.cleaned_data["relation"],
        by=_by(clerk),
        at=at,
    )


def _arrive(clerk: User, resident: Resident, form: Any, at: datetime) -> Entry:
    came_from_abroad = resident.current.status == Status.ABROAD
    arrive = move.return_to_japan if came_from_abroad else move.move_in
    return arrive(
        clerk=clerk,
        resident=resident,
        address=form.new_address(),
        household=form.household(),
        relation=form.cleaned_data["relation"],
        on=form.cleaned_data["on"],
        at=at,
    )


ACTS = (
    RegisterAct("moving-within", gettext_lazy("moving within the municipality"), forms.MoveWithinForm,
                (Status.RESIDENT,), _move_within),
    RegisterAct("moving-out", gettext_lazy("moving out"), forms.DayForm, (Status.RESIDENT,), _move_out),
    RegisterAct("name", gettext_lazy("change of name"), forms.ChangeNameForm,
                (Status.RESIDENT, Status.MOVED_OUT), _change_name),
    RegisterAct("leaving-japan", gettext_lazy("leaving Japan"), forms.DayForm,
                (Status.RESIDENT, Status.MOVED_OUT), _leave_japan),
    RegisterAct("death", gettext_lazy("death"), forms.DayForm,
                (Status.RESIDENT, Status.MOVED_OUT, Status.ABROAD), _record_death),
    RegisterAct("correction", gettext_lazy("correction of the record"), forms.CorrectionForm,
                tuple(Status.values), _correct),
)  # fmt: skip
ARRIVAL = RegisterAct(
    "arrival", gettext_lazy("moving in"), forms.ArrivalForm, (Status.MOVED_OUT, Status.ABROAD), _arrive
)


def acts_open_to(entry: Entry) -> list[RegisterAct]:
    """The acts that can follow from what the record says."""
    return [act for act in (*ACTS, ARRIVAL) if entry.status in act.open_to]


@of_a_person(Act.REGISTER)
def act(request: HttpRequest, resident: Resident, *, slug: str) -> HttpResponse:
    """One of the acts on a resident of the clerk's own register."""
    if slug == ARRIVAL.slug:
        return HttpResponseRedirect(address("move_in", resident.pk))
    chosen = next((one for one in acts_open_to(resident.current) if one.slug == slug), None)
    if chosen is None:
        raise Http404
    return _do(request, resident, chosen, back=address("change", resident.pk))


@of_a_person(Act.REGISTER, arrivals_too=True)
def move_in(request: HttpRequest, resident: Resident) -> HttpResponse:
    """A person who has moved out elsewhere, or comes back from abroad, arrives here."""
    if resident.current.status not in ARRIVAL.open_to:
        return HttpResponseRedirect(address("change", resident.pk))
    return _do(request, resident, ARRIVAL, back="")


def _do(request: HttpRequest, resident: Resident, chosen: RegisterAct, *, back: str) -> HttpResponse:
    step = request.POST.get("step", "")
    data = request.POST if request.method == "POST" else None
    code = request.user.agency
    form = chosen.form(data, municipality_code=code, initial=_initial(chosen, resident.current))
    about, here = _who(resident.current), "arrivals" if chosen is ARRIVAL else "search"
    if form.is_bound and form.is_valid() and step != "change":
        if step != "confirm":
            return show(
                request, "desk/check.html", title=_("Check your answers"), lead=chosen.title, back=back,
                answers=[*about, *form.answers()], carried=carried(form), here=here,
            )  # fmt: skip
        try:
            entry = chosen.call(request.user, resident, form, timezone.now())
        except RegisterError as error:
            form.add_error(None, str(error))
        else:
            particulars.settle(entry=entry, by=_by(request.user), at=timezone.now())
            messages.success(request, _("It is noted in the record."))
            return HttpResponseRedirect(address("change", resident.pk))
    return show(
        request, "desk/form.html", title=str(chosen.title).capitalize(), about=about, form=form,
        fields=described(form), back=back, button=_("Go on and check"), here=here,
    )  # fmt: skip


def carried(form: Any) -> list[tuple[str, str]]:
    """The answers as they were typed, for the next step of the same form: nothing is kept in the session."""
    return [(field.html_name, field.value() or "") for field in form]


def birth_date(entry: Entry) -> date | str:
    """A day where the register knows the day, else as much as it knows."""
    try:
        return date.fromisoformat(entry.birth_date)
    except ValueError:
        return entry.birth_date


def _who(entry: Entry) -> list[tuple[Any, Any]]:
    return [
        (_("Name"), entry.full_name),
        (_("Date of birth"), birth_date(entry)),
        (_("Address now"), entry.full_address),
    ]


def _initial(chosen: RegisterAct, entry: Entry) -> dict[str, Any]:
    """A correction and a change of name start from what the record says."""
    if chosen.slug not in {"correction", "name"}:
        return {}
    return {name: getattr(entry, name) for name in chosen.form.base_fields if hasattr(entry, name)}
