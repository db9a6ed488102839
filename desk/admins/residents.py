"""Residents: the pages of the register at the desk. There is no list, no stock form and no stock history."""

from __future__ import annotations

from django.urls import URLPattern

from desk.admins.base import DeskModelAdmin
from desk.pages import acts, card, card_acts, find, newcomers, number, person, protection
from desk.permissions import Act


class ResidentAdmin(DeskModelAdmin):
    """Every page about a person stands under the row's random id and behind the purpose page."""

    seen_by = Act.SEARCH
    is_list = False

    def get_urls(self) -> list[URLPattern]:
        of_one = "<uuid:resident_id>/"
        return [
            self.address("", find.search, "changelist"),
            self.address("arrivals/", find.arrivals, "arrivals"),
            self.address("new/", newcomers.choice, "new"),
            self.address("new/birth/", newcomers.birth, "birth"),
            self.address("new/from-abroad/", newcomers.from_abroad, "from_abroad"),
            self.address(of_one + "purpose/", find.purpose, "purpose"),
            self.address(of_one + "change/", person.record, "change"),
            self.address(of_one + "as-of/", person.as_of, "as_of"),
            self.address(of_one + "moving-in/", acts.move_in, "move_in"),
            self.address(of_one + "act/<slug:slug>/", acts.act, "act"),
            self.address(of_one + "protection/set/", protection.protect, "protect"),
            self.address(of_one + "protection/lifting/", protection.ask_to_lift, "ask_to_lift"),
            self.address(of_one + "protection/lifting/approve/", protection.approve_lifting, "approve_lifting"),
            self.address(of_one + "number/show/", number.unmask_number, "unmask"),
            self.address(of_one + "number/notice/", number.notice, "number_notice"),
            self.address(of_one + "number/new/", number.ask, "ask_for_number"),
            self.address(of_one + "number/new/approve/", number.approve, "approve_number"),
            self.address(of_one + "card/issue/", card.issue, "issue_card"),
            self.address(of_one + "card/stop/", card.stop, "stop_card"),
            self.address(of_one + "card/photo/", card_acts.photo_of, "card_photo"),
            self.address(of_one + "card/act/<slug:slug>/", card_acts.act, "card_act"),
        ]
