"""Finding a person, and stating the purpose before the record opens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _

from crossings import look
from desk import grants
from desk.forms.find import ArrivalForm, PurposeForm, SearchForm
from desk.pages.page import address, described, find, for_clerks_who_may, show
from desk.permissions import Act, keeps, may


@for_clerks_who_may(Act.SEARCH)
def search(request: HttpRequest) -> HttpResponse:
    """Nobody is listed without a search, and the search is on record before its rows are."""
    return _searching(
        request,
        SearchForm,
        look.search,
        title=_("Find a person"),
        lead=_("Give at least two things that you know. Only people in your own municipality's register are found."),
        here="search",
    )


@for_clerks_who_may(Act.REGISTER)
def arrivals(request: HttpRequest) -> HttpResponse:
    """People who have moved out elsewhere and now come here."""
    return _searching(
        request,
        ArrivalForm,
        look.search_arrivals,
        title=_("Moving in"),
        lead=_("Find the person who has notified moving out of another municipality."),
        here="arrivals",
    )


def _searching(request: HttpRequest, form_class: type[Form], act: Any, *, here: str, **words: Any) -> HttpResponse:
    if request.GET:
        raise Http404
    form = form_class(request.POST if request.method == "POST" else None)
    found, rows = None, []
    if form.is_bound and form.is_valid():
        try:
            found = act(clerk=request.user, criteria=form.criteria(), at=timezone.now())
            rows = [{"hit": hit, "href": address("purpose", hit.resident_id)} for hit in found.hits]
        except look.TooFewItems as error:
            form.add_error(None, str(error))
        except (look.Refused, look.NotAllowed):
            form.add_error(None, _("The exchange does not permit this look. The refusal is on record."))
    return show(
        request, "desk/search.html", form=form, fields=described(form), found=found, rows=rows, here=here, **words
    )


def purpose(request: HttpRequest, resident_id: UUID) -> HttpResponse:
    """Why? Nothing of the person is on this page; the look is on record before the next one opens."""
    if not may(request.user, Act.OPEN_PERSON):
        raise PermissionDenied
    resident = find(request, resident_id, arrivals_too=True)
    form = PurposeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            look.look(clerk=request.user, resident=resident, at=timezone.now(), **form.cleaned_data)
        except (look.Refused, look.NotAllowed):
            form.add_error(None, _("The exchange does not permit this look. The refusal is on record."))
        else:
            grants.give(request, resident.pk)
            return HttpResponseRedirect(address("change" if keeps(request.user, resident) else "move_in", resident.pk))
    return show(
        request,
        "desk/purpose.html",
        title=_("For what do you open this record?"),
        form=form,
        fields=described(form),
        here="search",
    )
