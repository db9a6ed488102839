"""The card's way at the desk, act by act: each stands open only where it can follow from the card's state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from cards import application, counter, handover, issuance, photo
from cards.chip.memory import CardRemoved
from cards.chip.personalisation import BadPin
from cards.lifecycle import NotPossible
from cards.models import Card
from crossings import card_counter
from desk.forms import cards as forms
from desk.forms.second_steps import ConfirmForm
from desk.pages.page import address, described, of_a_person, show
from desk.permissions import Act, may
from residents.models import Resident, Status

_REFUSED = (
    application.ApplicationRefused, handover.HandOverRefused, photo.PhotoRefused, issuance.NotEntitled, NotPossible,
)  # fmt: skip


class Standing(NamedTuple):
    """Where the person stands: the card in use or stopped, and the one on its way."""

    resident: Resident
    live: Card | None
    pending: Card | None

    def pending_is(self, state: str) -> bool:
        applied = self.pending is not None and hasattr(self.pending, "application")
        return applied and self.pending is not None and self.pending.state == state

    def live_is(self, state: str) -> bool:
        return self.live is not None and self.live.state == state

    def checked(self) -> handover.HandOver | None:
        return getattr(self.pending, "hand_over", None)


Call = Callable[[User, Standing, Any, datetime], Any]


@dataclass(frozen=True, slots=True)
class CardAct:
    """One act: its address, its name, its form, the right to it, when it can follow, and the call."""

    slug: str
    title: Any
    form: type[Any]
    right: Act
    open_to: Callable[[Standing], bool]
    call: Call
    done: Any
    stop: bool = False


def _by(clerk: User) -> str:
    return clerk.pseudonym("registry")


def _print(clerk: User, now: Standing, form: Any, at: datetime) -> Any:
    printed = application.print_form(resident=now.resident, at=at)
    return _("The form's id: %(id)s") % {"id": printed.application_id}


def _apply(clerk: User, now: Standing, form: Any, at: datetime) -> Any:
    given = {name: form.cleaned_data[name] for name in ("application_id", "channel", "express", "without_pins")}
    card_counter.take_application(clerk=clerk, resident=now.resident, photo=form.photo_bytes(), **given, at=at)


def _examine(clerk: User, now: Standing, form: Any, at: datetime) -> Any:
    application.examine(card=now.pending, refusal=form.cleaned_data["refusal"], by=_by(clerk), at=at)


def _check(clerk: User, now: Standing, form: Any, at: datetime) -> Any:
    given = {name: value for name, value in form.cleaned_data.items() if name != "sure"}
    handover.check_identity(card=now.pending, **given, by=_by(clerk), at=at)


def _hand_over(clerk: User, now: Standing, form: Any, at: datetime) -> Any:
    given = {name: form.cleaned_data.get(name) or "" for name in ("pin", "signature_password")}
    handover.hand_over(card=now.pending, **given, by=_by(clerk), at=at)


def _set_pins(clerk: User, now: Standing, form: Any, at: datetime) -> Any:
    given = {name: form.cleaned_data.get(name) or "" for name in ("pin", "signature_password")}
    counter.set_pins(card=now.live, **given, by=_by(clerk), at=at)


def _simple(act: Callable[..., Any]) -> Call:
    return lambda clerk, now, form, at: act(card=now.live, by=_by(clerk), at=at)


_LISTED = gettext_lazy("It is noted with the card.")
ACTS = (
    CardAct("form", gettext_lazy("Print an application form"), ConfirmForm, Act.ISSUE_CARD,
            lambda now: now.pending is None and now.resident.current.status == Status.RESIDENT, _print, ""),
    CardAct("application", gettext_lazy("Enter an application"), forms.ApplicationForm, Act.ISSUE_CARD,
            lambda now: now.pending is None and now.resident.current.status == Status.RESIDENT, _apply,
            gettext_lazy("The application is entered. A second clerk examines what came in at the counter.")),
    CardAct("examination", gettext_lazy("Examine the application"), forms.ExaminationForm, Act.ISSUE_CARD,
            lambda now: now.pending_is(Card.State.APPLIED), _examine, _LISTED),
    CardAct("withdrawal", gettext_lazy("Withdraw the application"), ConfirmForm, Act.ISSUE_CARD,
            lambda now: now.pending is not None and hasattr(now.pending, "application"),
            lambda clerk, now, form, at: application.withdraw(card=now.pending, by=_by(clerk), at=at), _LISTED, True),
    CardAct("arrival", gettext_lazy("Note that the card has arrived, and send the notice"), ConfirmForm,
            Act.ISSUE_CARD, lambda now: now.pending_is(Card.State.SHIPPED),
            lambda clerk, now, form, at: card_counter.arrived(clerk=clerk, card=now.pending, at=at),
            gettext_lazy("The notice lies in the mailbox.")),
    CardAct("identity", gettext_lazy("Check who came for the card"), forms.IdentityForm, Act.ISSUE_CARD,
            lambda now: now.pending_is(Card.State.READY), _check, _LISTED),
    CardAct("proxy", gettext_lazy("Confirm the proxy"), ConfirmForm, Act.CONFIRM_PROXY,
            lambda now: now.pending_is(Card.State.READY) and now.checked() is not None
            and now.checked().collector == "PROXY" and now.checked().confirmed_at is None,
            lambda clerk, now, form, at: handover.confirm(card=now.pending, by=_by(clerk), at=at), _LISTED),
    CardAct("hand-over", gettext_lazy("Hand the card over; the holder sets the PINs"), forms.HandOverForm,
            Act.ISSUE_CARD, lambda now: now.pending_is(Card.State.READY) and now.checked() is not None, _hand_over,
            gettext_lazy("The card is handed over and in use.")),
    CardAct("pins", gettext_lazy("Unlock or set the PINs anew"), forms.NewPinsForm, Act.ISSUE_CARD,
            lambda now: now.live_is(Card.State.ACTIVE), _set_pins, _LISTED),
    CardAct("surface", gettext_lazy("Write name and address of the record on the card"), ConfirmForm, Act.ISSUE_CARD,
            lambda now: now.live_is(Card.State.ACTIVE), _simple(counter.update_surface), _LISTED),
    CardAct("signature", gettext_lazy("New signature certificate"), ConfirmForm, Act.ISSUE_CARD,
            lambda now: now.live_is(Card.State.ACTIVE), _simple(counter.renew_signature), _LISTED),
    CardAct("certificates", gettext_lazy("New certificates"), ConfirmForm, Act.ISSUE_CARD,
            lambda now: now.live_is(Card.State.ACTIVE), _simple(issuance.renew_certificates), _LISTED),
    CardAct("without-pins", gettext_lazy("Make it a card without PINs"), ConfirmForm, Act.ISSUE_CARD,
            lambda now: now.live_is(Card.State.ACTIVE) and not now.live.without_pins,
            _simple(counter.take_pins_off), _LISTED, True),
    CardAct("return", gettext_lazy("Take the card back"), ConfirmForm, Act.ISSUE_CARD,
            lambda now: now.live is not None, _simple(counter.give_back), _LISTED, True),
)  # fmt: skip


def standing_of(resident: Resident) -> Standing:
    cards = Card.objects.of(resident).select_related("application", "hand_over")
    return Standing(resident, cards.live().first(), cards.pending().first())


def card_acts_open_to(clerk: User, resident: Resident) -> list[CardAct]:
    """The acts that this clerk may do now."""
    now = standing_of(resident)
    return [act for act in ACTS if may(clerk, act.right) and act.open_to(now)]


def _has_photo(now: Standing) -> bool:
    return now.pending is not None and now.pending.application.photo_sealed is not None


@of_a_person(Act.ISSUE_CARD)
def photo_of(request: HttpRequest, resident: Resident) -> HttpResponse:
    """The photo of an application that waits for its examination."""
    now = standing_of(resident)
    content = now.pending.application.photo() if now.pending and now.pending_is(Card.State.APPLIED) else None
    if content is None:
        raise Http404
    return HttpResponse(content, content_type="image/jpeg")


@of_a_person(Act.OPEN_PERSON)
def act(request: HttpRequest, resident: Resident, *, slug: str) -> HttpResponse:
    """One act on the card. What it refuses is said on the form, and nothing has changed."""
    chosen = next((one for one in ACTS if one.slug == slug), None)
    if chosen is None:
        raise Http404
    if not may(request.user, chosen.right):
        raise PermissionDenied
    now = standing_of(resident)
    if not chosen.open_to(now):
        raise Http404
    is_post = request.method == "POST"
    form = chosen.form(request.POST if is_post else None, request.FILES if is_post else None)
    back = address("change", resident.pk)
    if form.is_valid():
        try:
            said = chosen.call(request.user, now, form, timezone.now())
        except _REFUSED as refusal:
            form.add_error(None, str(refusal))
        except BadPin:
            form.add_error(None, _("The PIN or the password has not the form that the card asks for."))
        except CardRemoved:
            form.add_error(None, _("The card is not on the reader."))
        else:
            messages.success(request, said if isinstance(said, str) else chosen.done)
            return HttpResponseRedirect(back)
    card = now.pending or now.live
    return show(
        request, "desk/form.html", title=chosen.title, form=form, fields=described(form), back=back,
        about=[(_("State"), card.get_state_display())] if card else [], button=_("Confirm and note"),
        stop=chosen.stop, here="search",
        picture=address("card_photo", resident.pk) if chosen.slug == "examination" and _has_photo(now) else "",
    )  # fmt: skip
