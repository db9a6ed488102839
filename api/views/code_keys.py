"""POST /api/v1/keys/…: the keys that codes are encrypted to, registered by their owners and told to who asks blind."""

from __future__ import annotations

import base64

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from agencies.models import Agency
from api.permissions import AgencyClient
from api.samples import CODE_KEY, CODE_KEY_REGISTERED, CODE_KEYS
from api.schema import answer_example, described, request_example
from api.serializers.codes import CodeKey, CodeKeysAnswer, CodeKeysRequest, RegisterKeyRequest
from api.views.base import AgencyAddress
from api.views.inquiries import provider_of
from exchange import code_keys, conversion, trust


class CodeKeys(AgencyAddress):
    """Fetch the public keys that a blind inquiry is encrypted to. The signature of this answer vouches for them."""

    permission_classes = [AgencyClient]

    @described(
        id="get_code_keys",
        summary="The keys for a blind inquiry",
        request=CodeKeysRequest,
        answers={200: (CodeKeysAnswer, "The provider's key and the portal's.")},
        examples=[request_example("provider", {"provider": "132047"}), answer_example("keys", CODE_KEYS)],
        also=("not-asked-blind",),
    )
    def post(self, request: Request) -> Response:
        provider = provider_of(self.read(CodeKeysRequest))
        found = {"provider": _of(provider), "portal": _of(Agency.objects.portal())}
        return self.answer(CodeKeysAnswer, {"inquirer": self.caller().agency.local_code, **found})


class RegisterCodeKey(AgencyAddress):
    """Register your own key for codes, with the proof that you have its private key. The same again changes nothing;
    another one is taken when no code waits under the former."""

    permission_classes = [AgencyClient]

    @described(
        id="register_code_key",
        summary="Register your key for codes",
        request=RegisterKeyRequest,
        answers={200: (CodeKey, "The key as it is registered now.")},
        examples=[request_example("key", CODE_KEY), answer_example("registered", CODE_KEY_REGISTERED)],
        also=("proof-rejected", "codes-waiting"),
    )
    def post(self, request: Request) -> Response:
        given = self.read(RegisterKeyRequest)
        agency = self.caller().agency
        trust.register_code_key(
            agency=agency,
            public_key=given["public_key"],
            proof=given["proof"],
            by=self.caller().name,
            at=timezone.now(),
        )
        return self.answer(CodeKey, _of(agency))


def _of(agency: Agency) -> dict[str, str]:
    key = conversion.code_key(agency)
    public_key = base64.urlsafe_b64encode(key).decode().rstrip("=")
    return {"agency": agency.local_code, "public_key": public_key, "thumbprint": code_keys.thumbprint(key)}
