"""With real commits: of many at once exactly one counts, and no word lies in the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.committed import ENGINES, migrated_var, rows, run

pytestmark = pytest.mark.committed

_AT_ONCE = """
import json
from concurrent.futures import ThreadPoolExecutor
from django.conf import settings
from django.db import connections
from accounts.models import User
from crossings import ask as crossing
from exchange import ledger, questions
from exchange.models import AccessRecord
from exchange.question_models import Question
from tests.exchange.people import HANAKO, NOW, agency, ask, portal_code, ready

ready()
settings.QUESTIONS_PER_DAY = 3
code, chofu = portal_code(HANAKO), agency("132080")
user = User.objects.citizen(code)

def at_once(act, arguments):
    def one(argument):
        try:
            act(argument)
            return "done"
        except Exception as error:
            return type(error).__name__
        finally:
            connections.close_all()
    with ThreadPoolExecutor(8) as pool:
        return sorted(pool.map(one, arguments))

def put(reference, text=""):
    crossing.ask(user=user, reference=reference, ground="UNCLEAR", text=text, is_protected=False, at=NOW)

said = {}
record = ask().record
said["asked"] = at_once(put, [record] * 8)
question = Question.objects.get()
said["answered"] = at_once(
    lambda text: crossing.answer(agency=chofu, question=question, text=text, at=NOW), [f"a{n}" for n in range(8)])
question.refresh_from_db()
said["moved"] = at_once(
    lambda act: act(portal_code=code, question_id=question.pk, at=NOW), [questions.pass_on, questions.close] * 4)
said["many"] = at_once(put, [ask().record for _ in range(6)])
said["numbers"] = sorted(Question.objects.values_list("number_of_day", flat=True))
from notifications.models import Message
said["letters"] = Message.objects.count()
print(json.dumps(said))
"""
_PLANT = """
from exchange import questions
from crossings import ask as crossing
from accounts.models import User
from tests.exchange.people import HANAKO, NOW, agency, ask, portal_code, ready

ready()
user, chofu = User.objects.citizen(portal_code(HANAKO)), agency("132080")
question = crossing.ask(
    user=user, reference=ask().record, ground="WRONG", text="QuestionInClear 質問", is_protected=False, at=NOW
)
crossing.answer(agency=chofu, question=question, text="AnswerInClear 回答文", at=NOW)
questions.pass_on(portal_code=user.portal_code, question_id=question.pk, at=NOW)
question.refresh_from_db()
crossing.rule(question=question, text="RulingInClear 判断", at=NOW)
print(questions.reply_to(question))
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_of_many_at_once_one_counts(tmp_path: Path, engine: str) -> None:
    with migrated_var(tmp_path, engine) as env:
        said: dict[str, Any] = json.loads(run(env, _AT_ONCE).splitlines()[-1])
    assert said["asked"] == ["AlreadyAsked"] * 7 + ["done"]
    assert said["answered"] == ["NotInThisState"] * 7 + ["done"]
    assert said["moved"] == ["NotInThisState"] * 7 + ["done"]
    assert said["many"] == ["TooManyToday"] * 4 + ["done"] * 2
    assert (said["numbers"], said["letters"]) == ([1, 2, 3], 1)


def test_no_word_and_no_way_to_the_mailbox_lies_in_the_files(tmp_path: Path) -> None:
    with migrated_var(tmp_path, "sqlite") as env:
        mailbox = run(env, _PLANT).splitlines()[-1]
        code = rows(env, "SELECT portal_code FROM notifications_mailbox", "portal")[0][0]
        files = list(Path(env["MYNA_VAR_DIR"]).glob("*.sqlite3*"))
        raw = b"".join(file.read_bytes() for file in files)
        of_exchange = b"".join(file.read_bytes() for file in files if file.name.startswith("exchange"))
    assert b"exchange_question" in of_exchange
    for secret in ("QuestionInClear", "質問", "AnswerInClear", "回答文", "RulingInClear", "判断"):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            assert secret.encode(encoding) not in raw
    for secret in (mailbox, mailbox.replace("-", ""), code):
        assert secret.encode() not in of_exchange
    assert bytes.fromhex(mailbox.replace("-", "")) not in of_exchange
