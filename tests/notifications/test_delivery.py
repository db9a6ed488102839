"""A letter tried again is the same letter; what lies in the database is sealed; a code of nobody gets its mailbox."""

from __future__ import annotations

import uuid

import pytest
from django.db import connections

from accounts.models import User
from databases import PORTAL
from keys import custody
from keys.sealing import CannotOpen
from notifications import delivery
from notifications.documents import DocumentRefused
from notifications.models import Document, Mailbox, Message
from tests.mailing import BODY, NOW, PDF, SUBJECT, letter, new_code
from tests.support import DATABASES

pytestmark = DATABASES

OTHER_PDF = PDF + b"\n"


def test_a_letter_is_readable_as_it_was_sent() -> None:
    code = new_code()
    message = Message.objects.get(pk=letter(code).pk)
    assert (message.subject, message.body, message.sender) == (SUBJECT, BODY, "132080")
    assert message.mailbox.portal_code == code
    assert [(d.name, d.content, d.size) for d in message.documents.all()] == [("認定通知書.pdf", PDF, len(PDF))]


def test_a_code_without_an_account_and_a_code_of_nobody_get_the_same() -> None:
    known = letter(User.objects.citizen(new_code()).portal_code)
    nobody = letter(new_code())
    assert [type(known), known.sent_at, known.kind] == [type(nobody), nobody.sent_at, nobody.kind]
    assert Mailbox.objects.count() == 2


def test_the_same_letter_again_is_the_same_letter() -> None:
    code = new_code()
    first = letter(code, reference="2026-1")
    again = letter(code, reference="2026-1", at=NOW.replace(hour=9))
    assert again.pk == first.pk
    assert again.sent_at == first.sent_at
    assert (Message.objects.count(), Document.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "別の件名"},
        {"body": "別の本文"},
        {"kind": Message.Kind.NOTICE},
        {"documents": []},
        {"documents": [("認定通知書.pdf", OTHER_PDF)]},
        {"documents": [("別の名前.pdf", PDF)]},
        {"documents": [("認定通知書.pdf", PDF), ("認定通知書.pdf", PDF)]},
    ],
)
def test_a_reference_for_another_letter_is_refused(change: dict[str, object]) -> None:
    code = new_code()
    letter(code, reference="2026-1")
    with pytest.raises(delivery.ReferenceTaken):
        letter(code, reference="2026-1", **change)
    assert Message.objects.count() == 1


def test_a_reference_for_another_person_is_refused() -> None:
    letter(new_code(), reference="2026-1")
    with pytest.raises(delivery.ReferenceTaken):
        letter(new_code(), reference="2026-1")


def test_senders_do_not_share_references_and_our_own_series_is_apart() -> None:
    code = new_code()
    letters = {
        letter(code, reference="1").pk,
        letter(code, reference="1", sender="132047").pk,
        letter(code, reference="1", series="receipt").pk,
    }
    assert len(letters) == 3


def test_the_reference_still_holds_after_a_rotation_of_its_key() -> None:
    code = new_code()
    first = letter(code, reference="2026-1")
    custody.create("mailbox-reference")
    assert letter(code, reference="2026-1").pk == first.pk


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": ""},
        {"subject": " "},
        {"subject": "two\nlines"},
        {"subject": "x" * 201},
        {"body": "x" * 20_001},
        {"body": "\0"},
        {"reference": ""},
        {"kind": "PRIZE"},
    ],
)
def test_a_letter_out_of_order_is_refused_and_leaves_nothing(wrong: dict[str, str]) -> None:
    with pytest.raises(delivery.NotDeliverable):
        letter(new_code(), **wrong)
    assert (Mailbox.objects.count(), Message.objects.count()) == (0, 0)


def test_too_many_documents_and_no_pdf_are_refused_and_leave_nothing() -> None:
    for documents in ([("a.pdf", PDF)] * 11, [("a.pdf", PDF), ("b.pdf", b"GIF89a")]):
        with pytest.raises(DocumentRefused):
            letter(new_code(), documents=documents)
    assert (Mailbox.objects.count(), Message.objects.count()) == (0, 0)


def test_no_word_of_a_letter_lies_in_the_database_unsealed() -> None:
    letter(
        new_code(),
        reference="HANAKO-2026",
        subject="SubjectInClear",
        body="BodyInClear",
        documents=[("NameInClear.pdf", PDF)],
    )
    rows = []
    with connections[PORTAL].cursor() as cursor:
        for table in ("notifications_mailbox", "notifications_message", "notifications_document"):
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608  # table names of our own
            rows += [bytes(v) if isinstance(v, memoryview) else v for row in cursor.fetchall() for v in row]
    assert len(rows) > 15
    for plain in ("SubjectInClear", "BodyInClear", "NameInClear", "HANAKO-2026", "%PDF"):
        assert not [v for v in rows if isinstance(v, bytes) and plain.encode() in v]
        assert not [v for v in rows if isinstance(v, str) and plain in v]


def test_a_sealed_value_opens_nowhere_else() -> None:
    code = new_code()
    one, two = letter(code), letter(code)
    Message.objects.filter(pk=two.pk).update(body_sealed=one.body_sealed)
    with pytest.raises(CannotOpen):
        _ = Message.objects.get(pk=two.pk).body
    Message.objects.filter(pk=two.pk).update(mailbox=letter(new_code()).mailbox)
    with pytest.raises(CannotOpen):
        _ = Message.objects.get(pk=two.pk).subject


def test_nothing_shows_in_a_repr() -> None:
    message = letter(new_code())
    document = message.documents.get()
    assert [repr(message), repr(message.mailbox), repr(document)] == ["<Message>", "<Mailbox>", "<Document>"]
    assert SUBJECT not in str(message) + str(document) + str(message.mailbox)


def test_times_are_kept_to_the_second_and_ids_tell_nothing() -> None:
    message = letter(new_code(), at=NOW.replace(microsecond=123_456))
    assert message.sent_at == NOW
    assert {uuid.UUID(str(key)).version for key in (message.pk, message.mailbox_id, message.documents.get().pk)} == {4}
