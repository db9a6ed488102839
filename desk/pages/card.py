"""The card at the desk: issued at the counter, stopped, reported lost, put in use again."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _

from cards import lifecycle
from cards.issuance import NotEntitled
from cards.models import Card
from crossings import card_counter
from desk.forms.second_steps import CardForm, StopCardForm
from desk.pages.page import address, described, of_a_person, show
from desk.permissions import Act
from residents.models import Resident

_HOW = {"suspend": card_counter.suspend, "lost": card_counter.report_lost, "lift": lifecycle.lift}


@of_a_person(Act.ISSUE_CARD)
def issue(request: HttpRequest, resident: Resident) -> HttpResponse:
    """PIN and password go to the chip; no page, log or row repeats them."""
    form = CardForm(request.POST if request.method == "POST" else None)
    back = address("change", resident.pk)
    if form.is_valid():
        try:
            card_counter.hand_over(
                clerk=request.user,
                resident=resident,
                pin=form.cleaned_data["pin"],
                signature_password=form.cleaned_data["signature_password"],
                at=timezone.now(),
            )
        except card_counter.OnItsWay:
            form.add_error(None, _("A card for this person is on its way already."))
        except NotEntitled as error:
            form.add_error(None, str(error))
        except card_counter.BadPin:
            form.add_error(None, _("The PIN or the password has not the form that the card asks for."))
        else:
            messages.success(request, _("The card is made. It is in use as soon as it is put on a reader."))
            return HttpResponseRedirect(back)
    return show(
        request, "desk/form.html", title=_("Issue a card"), form=form, fields=described(form), back=back,
        button=_("Issue"), here="search",
    )  # fmt: skip


@of_a_person(Act.STOP_CARD)
def stop(request: HttpRequest, resident: Resident) -> HttpResponse:
    """A stop holds at once; what it did to the certificates is not undone by lifting it."""
    card = Card.objects.of(resident).live().first()
    if card is None:
        raise Http404
    form = StopCardForm(request.POST if request.method == "POST" else None)
    back = address("change", resident.pk)
    if form.is_valid():
        try:
            _HOW[form.cleaned_data["how"]](card=card, at=timezone.now(), by=request.user.pseudonym("registry"))
        except lifecycle.NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The state of the card is changed."))
            return HttpResponseRedirect(back)
    return show(
        request, "desk/form.html", title=_("Stop the card"), form=form, fields=described(form), back=back,
        about=[(_("State"), card.get_state_display())], button=_("Change the state"), stop=True, here="search",
    )  # fmt: skip
