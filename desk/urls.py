"""Addresses of this door: the desk's AdminSite, with every ModelAdmin."""

from __future__ import annotations

from django.urls import path

from agencies.models import Agency
from desk.admins import lists, records, residents
from desk.site import site
from exchange.models import AccessRecord
from notifications.models import Message
from payments.models import Charge
from residents.models import Resident

site.register(Resident, residents.ResidentAdmin)
site.register(Message, lists.MessageAdmin)
site.register(Charge, lists.ChargeAdmin)
site.register(AccessRecord, records.AccessRecordAdmin)
site.register(Agency, lists.AgencyAdmin)

urlpatterns = [path("", site.urls)]
