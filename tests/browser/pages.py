"""Every page of the portal with the person who opens it: what is looked at in both languages and at both widths."""

from __future__ import annotations

# (name, path, person); {…} stands for an id of the seeded site
PAGES = [
    ("landing", "/", "nobody"),
    ("sign-in", "/sign-in/", "nobody"),
    ("sign-in-shared", "/sign-in/?shared=1&next=/records/", "nobody"),
    ("refused-expired", "/sign-in/refused/certificate-expired/", "nobody"),
    ("refused-other", "/sign-in/refused/other-session/", "nobody"),
    ("signed-out", "/signed-out/", "nobody"),
    ("session-ended", "/session-ended/", "nobody"),
    ("about", "/about/", "nobody"),
    ("accessibility", "/accessibility/", "nobody"),
    ("not-found", "/records/00000000-0000-4000-8000-000000000000/", "hanako"),
    ("home", "/", "hanako"),
    ("home-empty", "/", "newcomer"),
    ("information", "/information/", "newcomer"),
    ("information-shown", "/information/", "hanako"),
    ("records", "/records/", "hanako"),
    ("records-empty", "/records/", "newcomer"),
    ("record", "/records/{answered}/", "hanako"),
    ("record-refused", "/records/{refused}/", "hanako"),
    ("record-look", "/records/{look}/", "hanako"),
    ("activity", "/activity/", "hanako"),
    ("activity-empty", "/activity/", "newcomer"),
    ("settings", "/settings/", "hanako"),
    ("mailbox", "/mailbox/", "hanako"),
    ("mailbox-empty", "/mailbox/", "newcomer"),
    ("message", "/mailbox/{message}/", "hanako"),
    ("payments", "/payments/", "hanako"),
    ("payments-empty", "/payments/", "newcomer"),
    ("payment", "/payments/{charge}/", "hanako"),
    ("clerk", "/", "clerk"),
]
