"""Addresses of this door."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from portal.views import about, activity, card, confirm, home, information, log, record, records, sign_in, statistics
from portal.views import settings as settings_page

app_name = "portal"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-in/answer/", sign_in.answer, name="sign-in-answer"),
    path("sign-in/finish/", sign_in.finish, name="sign-in-finish"),
    path("sign-in/refused/<slug:reason>/", sign_in.refused, name="sign-in-refused"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("signed-out/", sign_in.signed_out, name="signed-out"),
    path("session-ended/", sign_in.session_ended, name="session-ended"),
    path("session/keep/", sign_in.keep_session, name="keep-session"),
    path("information/", information.information, name="information"),
    path("records/", records.records, name="records"),
    path("records/proofs/", records.proofs, name="records-proofs"),
    path("records/<uuid:reference>/", record.record, name="record"),
    path("records/<uuid:reference>/proof/", records.proof, name="record-proof"),
    path("records/<uuid:reference>/question/", record.ask, name="ask"),
    path("records/<uuid:reference>/question/<uuid:question_id>/pass-on/", record.pass_on, name="pass-on"),
    path("records/<uuid:reference>/question/<uuid:question_id>/close/", record.close, name="close-question"),
    path("activity/", activity.activity, name="activity"),
    path("settings/", settings_page.settings_page, name="settings"),
    path("card/", card.card, name="card"),
    path("card/stop/", card.stop, name="card-stop"),
    path("confirm/", confirm.confirm, name="confirm"),
    path("confirm/answer/", confirm.answer, name="confirm-answer"),
    path("confirm/finish/", confirm.finish, name="confirm-finish"),
    path("confirm/refused/<slug:reason>/", confirm.refused, name="confirm-refused"),
    path("about/", about.about, name="about"),
    path("statistics/", statistics.page, name="statistics"),
    path("accessibility/", about.accessibility, name="accessibility"),
    path("", include(log)),
    path("", include("portal.urls_mail")),
]
