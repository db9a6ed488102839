"""The description of the API: complete, valid, and true of what the API does."""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from django.test import Client

from api import problems
from api.urls import urlpatterns
from holdings import hosted
from tests.api.sides import LOCAL_TAX, MITAKA, Answered, Country
from tests.support import DATABASES

pytestmark = DATABASES

KEYS, PERMISSIONS = "/api/keys", "/api/permissions"
LAYOUTS, LAYOUT = "/api/layouts/", "/api/layouts/{data_set}/{version}"
# What is read, not asked.
READ = {KEYS, PERMISSIONS, LAYOUTS, LAYOUT}
PATHS = READ | {
    "/api/oauth/token",
    "/api/v1/inquiries",
    "/api/v1/inquiries/result",
    "/api/v1/inquiries/cancel",
    "/api/v1/inquiries/callback",
    "/api/v1/provisions/waiting",
    "/api/v1/provisions/decide",
    "/api/v1/provisions/by-hand",
    "/api/v1/inquiries/blind",
    "/api/v1/inquiries/bulk",
    "/api/v1/inquiries/bulk/status",
    "/api/v1/inquiries/bulk/results",
    "/api/v1/inquiries/bulk/confirm",
    "/api/v1/inquiries/bulk/cancel",
    "/api/v1/notices",
    "/api/v1/charges",
    "/api/v1/codes/collect",
    "/api/v1/codes/confirm",
    "/api/v1/copies/register",
    "/api/v1/copies/withdraw",
    "/api/v1/copies/stop",
    "/api/v1/copies/resume",
    "/api/v1/recalls/collect",
    "/api/v1/recalls/confirm",
    "/api/v1/questions/collect",
    "/api/v1/questions/answer",
    "/api/v1/codes/renew",
    "/api/v1/keys/codes",
    "/api/v1/keys/code-key",
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    response = Client().get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert response.status_code == 200
    return dict(response.json())


def operations(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The operations that take a body."""
    return {path: item["post"] for path, item in schema["paths"].items() if path not in READ}


def test_it_is_made_without_a_warning_and_valid() -> None:
    call_command("spectacular", fail_on_warn=True, validate=True, stdout=StringIO())


def test_it_is_openapi_3_1(schema: dict[str, Any]) -> None:
    assert schema["openapi"] == "3.1.0"


def test_it_names_every_address_and_only_post_but_for_what_is_read(schema: dict[str, Any]) -> None:
    assert set(schema["paths"]) == PATHS
    others = {path: tuple(item) for path, item in schema["paths"].items() if tuple(item) != ("post",)}
    assert others == dict.fromkeys(READ, ("get",))
    routed = {re.sub(r"<\w+:(\w+)>", r"{\1}", f"/api/{pattern.pattern}") for pattern in urlpatterns}
    assert PATHS | {"/api/schema/", "/api/", "/api/problems/", "/api/problems/{slug}"} == routed


def test_every_address_has_an_example_of_request_answer_and_each_problem(schema: dict[str, Any]) -> None:
    for path, operation in operations(schema).items():
        assert operation["summary"]
        assert operation["description"]
        for content in operation["requestBody"]["content"].values():
            assert content["examples"], path
        for status, response in operation["responses"].items():
            assert response["description"], (path, status)
            if status not in {"200", "400"}:
                assert all(content["examples"] for content in response["content"].values()), (path, status)


def test_every_address_for_agencies_names_what_may_go_wrong(schema: dict[str, Any]) -> None:
    expected = {"400", "401", "405", "406", "413", "415", "429", "500", "503"}
    for path, operation in operations(schema).items():
        statuses = {status for status in operation["responses"] if status >= "400"}
        if path == "/api/oauth/token":
            assert statuses == expected
        else:
            assert statuses >= expected
            for status in statuses:
                content = operation["responses"][status]["content"]
                assert list(content) == [problems.CONTENT_TYPE], (path, status)
    assert {"403", "503"} <= set(operations(schema)["/api/v1/inquiries"]["responses"])
    assert {"403", "409", "503"} <= set(operations(schema)["/api/v1/inquiries/blind"]["responses"])
    assert {"403", "409"} <= set(operations(schema)["/api/v1/notices"]["responses"])
    assert {"403", "409"} <= set(operations(schema)["/api/v1/charges"]["responses"])


def test_every_field_is_explained_or_plain(schema: dict[str, Any]) -> None:
    """No component is an object of anything."""
    for name, component in schema["components"]["schemas"].items():
        if component.get("type") == "object":
            assert component["properties"], name
            assert component["description"], name


def test_all_but_the_token_address_want_a_token_and_a_signature(schema: dict[str, Any]) -> None:
    schemes = schema["components"]["securitySchemes"]
    for path, operation in operations(schema).items():
        wanted = [] if path == "/api/oauth/token" else [{name: [] for name in schemes}]
        assert operation.get("security", []) in (wanted, [{}]), path
        if wanted:
            for response in operation["responses"].values():
                assert {"Content-Digest", "Signature", "Signature-Input"} <= set(response["headers"])
    assert schemes["accessToken"]["flows"]["clientCredentials"]["tokenUrl"] == "/api/oauth/token"
    headers = {scheme["name"] for name, scheme in schemes.items() if name != "accessToken"}
    assert headers == {"Content-Digest", "Signature-Input", "Signature"}


def test_it_is_open_to_everyone_in_both_forms(client: Client) -> None:
    assert client.get("/api/schema/").headers["Content-Type"].startswith("application/vnd.oai.openapi")
    assert client.post("/api/schema/").status_code == 405
    refused = client.get("/api/schema/", headers={"Accept": "image/png"})
    assert (refused.status_code, refused.headers["Content-Type"]) == (406, "application/problem+json")


# --- what it says is true ---


def validate(schema: dict[str, Any], name: str, value: Any) -> None:
    root = {"$ref": f"#/components/schemas/{name}", "components": schema["components"]}
    jsonschema.Draft202012Validator(root).validate(value)


def test_requests_and_answers_are_as_described(country: Country, schema: dict[str, Any]) -> None:
    hosted.deposit(agency=country.mitaka.agency.local_code, private_key=country.mitaka.code_key)
    calls = [
        ("/api/v1/keys/code-key", country.chofu.own_key(), "CodeKeyRegistration", "CodeKey"),
        ("/api/v1/keys/codes", {"provider": MITAKA}, "CodeKeysWanted", "CodeKeys"),
        ("/api/v1/codes/renew", {"codes": [country.chofu.printed_code_for(country.kenji)]}, "Renewal", "Renewed"),
        ("/api/v1/inquiries/blind", country.blind_inquiry(), "BlindInquiry", "InquiryAnswer"),
        ("/api/v1/inquiries", country.inquiry(), "Inquiry", "InquiryAnswer"),
        ("/api/v1/inquiries", country.inquiry(condition={"fiscal_year": 2020}), "Inquiry", "InquiryAnswer"),
        ("/api/v1/notices", country.notice(), "Notice", "NoticeReceipt"),
        ("/api/v1/charges", country.charge(), "Charge", "ChargeReceipt"),
        ("/api/v1/codes/collect", {"limit": 5}, "Collection", "CollectedCodes"),
        ("/api/v1/questions/collect", {"limit": 5}, "QuestionCollection", "Questions"),
        (
            "/api/v1/codes/confirm",
            {"acquisitions": ["0d0f2b8a-64c5-4b8c-9d3b-6c1f6f7a2c55"]},
            "Confirmation",
            "Confirmed",
        ),
        ("/api/v1/recalls/collect", {}, "RecallCollection", "Recalls"),
        (
            "/api/v1/recalls/confirm",
            {"recalls": ["0d0f2b8a-64c5-4b8c-9d3b-6c1f6f7a2c55"]},
            "RecallConfirmation",
            "RecallsConfirmed",
        ),
        ("/api/v1/copies/register", country.copy_run(), "CopyRun", "CopyRunReceipt"),
        ("/api/v1/copies/stop", country.stop(), "Stop", "StopReceipt"),
        ("/api/v1/copies/resume", {"data_set": LOCAL_TAX}, "Resumption", "ResumptionReceipt"),
        ("/api/v1/copies/withdraw", country.withdrawal(), "Withdrawal", "WithdrawalReceipt"),
    ]
    lines = [{"line": "1", **country.inquiry()}, {"line": "2", **country.inquiry(provider="900019")}]
    bulk = {"bulk": country.chofu.post("/api/v1/inquiries/bulk", {"reference": "R", "lines": lines}).json["bulk"]}
    calls += [
        ("/api/v1/inquiries/bulk", {"reference": "R", "lines": lines}, "Bulk", "BulkReceipt"),
        ("/api/v1/inquiries/bulk", {"reference": "R2", "lines": lines}, "Bulk", "BulkReceipt"),
        ("/api/v1/inquiries/bulk/status", bulk, "BulkName", "BulkStatus"),
        ("/api/v1/inquiries/bulk/results", bulk, "BulkPage", "BulkResults"),
        ("/api/v1/inquiries/bulk/confirm", bulk, "BulkName", "BulkStatus"),
        ("/api/v1/inquiries/bulk/cancel", bulk, "BulkName", "BulkStatus"),
    ]
    for path, body, request, answer in calls:
        validate(schema, request, body)
        answered = country.chofu.post(path, body)
        assert answered.status in {200, 201, 202}, answered.text
        validate(schema, answer, answered.json)
        assert str(answered.status) in operations(schema)[path]["responses"]
    validate(schema, "Token", country.chofu.ask_token().json)
    validate(schema, "KeySet", Client().get(KEYS).json())
    validate(schema, "SignedPermissions", Client().get(PERMISSIONS).json())
    validate(schema, "Layouts", Client().get(LAYOUTS).json())
    validate(schema, "OAuthError", country.chofu.ask_token(grant_type="password").json)


def test_problems_are_as_described(country: Country, schema: dict[str, Any]) -> None:
    answers: list[Answered] = [
        country.chofu.post("/api/v1/inquiries", {}),
        country.chofu.post("/api/v1/inquiries", {}, token=""),
        country.chofu.post("/api/v1/inquiries", country.inquiry(provider="900019")),
        country.chofu.post("/api/v1/inquiries", b"{"),
    ]
    for answer in answers:
        validate(schema, "Problem", answer.json)
        declared = schema["components"]["schemas"]["Problem"]["properties"]
        assert set(answer.json) <= set(declared)


def test_the_examples_are_as_described(schema: dict[str, Any]) -> None:
    """Every example fits the schema that it stands beside."""
    count = 0
    for operation in operations(schema).values():
        contents = [operation["requestBody"]["content"]]
        contents += [response["content"] for response in operation["responses"].values()]
        for content in (entry for group in contents for entry in group.values()):
            for example in content.get("examples", {}).values():
                root = {**content["schema"], "components": schema["components"]}
                jsonschema.Draft202012Validator(root).validate(json.loads(json.dumps(example["value"])))
                count += 1
    assert count > 60


def test_an_unknown_field_is_refused_by_schema_and_by_the_api(country: Country, schema: dict[str, Any]) -> None:
    body = country.charge(note="x")
    with pytest.raises(jsonschema.ValidationError):
        validate(schema, "Charge", body)
    assert country.chofu.post("/api/v1/charges", body).status == 400
