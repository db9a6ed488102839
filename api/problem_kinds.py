"""Every kind of problem that the API answers with: its status, its title, and what to do about it (RFC 9457)."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of problem: its status, its title and what to do about it (shown on its page)."""

    status: int
    title: str
    explanation: str


KINDS: dict[str, Kind] = {
    "malformed-json": Kind(400, "The body is not JSON", "Send one JSON object in UTF-8, each name once, no NaN."),
    "invalid-request": Kind(
        400,
        "The request is not well formed",
        "The errors name each field that was refused, and why. Values are never repeated. Fields that the API does not "
        "know are refused too, so that a misspelt field is not silently left out. Nothing was looked up or recorded.",
    ),
    "no-token": Kind(
        401,
        "An access token is needed",
        "Get a token at /api/oauth/token and send it in the header Authorization, as a Bearer token.",
    ),
    "invalid-token": Kind(
        401,
        "The access token is not valid",
        "It was not made by this service, was damaged, or its client or agency is no longer active. Get a new one.",
    ),
    "expired-token": Kind(401, "The access token has expired", "Tokens live for five minutes. Get a new one."),
    "no-signature": Kind(
        401,
        "A signature is needed",
        "Every request is signed by profile mynx-1 (RFC 9421), with the key that your client is registered by. The "
        "header Accept-Signature of this answer names what the signature covers and which parameters it has.",
    ),
    "invalid-signature": Kind(
        401,
        "The signature is not valid",
        "It must be labelled mynx, have the tag mynx-1, be made by your client's key, cover every component that the "
        "header Accept-Signature names, and live for at most a minute by a clock that is at most five seconds ahead.",
    ),
    "used-signature": Kind(
        401,
        "The signature was used before",
        "A nonce works once. Sign every request anew, also when you send the same again after a time-out.",
    ),
    "digest-mismatch": Kind(
        400,
        "The body is not the one that was signed",
        "Content-Digest (RFC 9530) names the body by its SHA-256, also an empty one. Send the bytes that you signed.",
    ),
    "invalid-evidence": Kind(
        400,
        "The evidence is not valid",
        "Mynx-Evidence is a JWT of the type mynx-evidence+jwt by your client's key: iss is the client id, aud the "
        "address of this API, exp at most a minute away, and clerk, section, case_number and txn are stated. Its case "
        "number is the request's.",
    ),
    "proof-rejected": Kind(
        400,
        "The proof does not fit",
        "A proof is bound to every value beside it: the public keys, both ciphertexts, the parties, the epoch and the "
        "transaction, or the owner of a key. Fetch the keys again, in case one has changed, and make it anew. Nothing "
        "was looked up or recorded.",
    ),
    "not-permitted": Kind(403, "Not permitted", "This address is not open to the caller."),
    "no-legal-basis": Kind(
        403,
        "No legal basis",
        "No row of the permission table lets this agency ask or send this, for this affair, to this party, today "
        "(article 19 of the Number Act). The refusal is on record, and the person sees it.",
    ),
    "assessment-missing": Kind(
        403,
        "Impact assessment missing",
        "The specific personal information protection assessment of one of the parties is missing or has run out, so "
        "the exchange must refuse (articles 21(2) and 28 of the Number Act). The refusal is on record.",
    ),
    "item-not-allowed": Kind(
        403,
        "Item outside the permission",
        "The permission table allows this data set, but not every item that was asked for. Nothing was answered. The "
        "refusal is on record, and the person sees it.",
    ),
    "not-the-provider": Kind(
        403,
        "Not the provider",
        "No row of the permission table in force today names your kind of agency as the provider of this data set, or "
        "your agency answers from its own system and keeps no copies here. Nothing was changed.",
    ),
    "layout-not-supported": Kind(
        400,
        "The layout is not supported",
        "No layout of this version is in force for the data set today. The layouts stand at /api/layouts/. Nothing was "
        "registered.",
    ),
    "refused": Kind(403, "Refused", "The exchange refused the request. The code says why; the refusal is on record."),
    "not-found": Kind(404, "No such address", "The addresses are listed in the schema at /api/schema/."),
    "unknown-record": Kind(
        404,
        "No such inquiry",
        "You have no inquiry under this record. One that was answered at once, without a reference, is not kept for "
        "fetching, and one of another agency looks the same as one that never was.",
    ),
    "no-such-question": Kind(
        404,
        "No such question",
        "No citizen has asked you about the record with this reference, or the question was passed to the commission.",
    ),
    "question-answered": Kind(
        409,
        "The question was answered",
        "There is another answer to this question already. Sending the same answer again changes nothing.",
    ),
    "no-such-bulk": Kind(
        404,
        "No such bulk inquiry",
        "Your agency has not handed in a bulk with this id. Hand in the same lines under the same reference again to "
        "learn its id.",
    ),
    "method-not-allowed": Kind(
        405,
        "Method not allowed",
        "Everything about a person is asked with POST, so that no code is ever part of an address.",
    ),
    "not-acceptable": Kind(406, "Only JSON is spoken here", "Accept application/json and application/problem+json."),
    "reference-taken": Kind(
        409,
        "The reference is taken",
        "You have already sent something else under this reference. The same content under the same reference is "
        "accepted again and changes nothing; other content needs a reference of its own.",
    ),
    "has-ended": Kind(
        409,
        "The inquiry has ended otherwise",
        "It was answered, declined, cancelled or ended by its deadline before, as the code says. Nothing was changed.",
    ),
    "in-progress": Kind(
        409,
        "The provider is being asked just now",
        "What is asked at this moment cannot be cancelled. Ask for the result in a moment.",
    ),
    "answer-erased": Kind(
        410,
        "The answer is erased",
        "An answer is kept for a while, and shorter once it was fetched. Ask again, under another reference.",
    ),
    "transaction-used": Kind(
        409,
        "The transaction was used before",
        "You have asked blind under this transaction number before, and that is on record. Make a new number and a new "
        "proof for every question, also when you ask the same again.",
    ),
    "codes-waiting": Kind(
        409,
        "Codes wait under the former key",
        "Codes wait for you that were encrypted to the key that you have registered. Collect and confirm them first: "
        "they could not be opened with another key.",
    ),
    "bulk-not-ended": Kind(
        409, "The bulk inquiry has not ended", "Some lines have no outcome yet. Confirm the results when you have all."
    ),
    "answers-erased": Kind(
        410,
        "The answers are erased",
        "You confirmed that they had arrived, or did not fetch them in time. The records of the lines stay. Ask again "
        "under another reference if you need the answers again.",
    ),
    "too-large": Kind(413, "The request is too large", "A document may have 4 MB, a whole request 6 MB."),
    "unsupported-media-type": Kind(
        415,
        "Unsupported media type",
        "Send application/json; the token address takes application/x-www-form-urlencoded.",
    ),
    "too-many-requests": Kind(
        429,
        "Too many requests",
        "Your agency has used up its requests of this minute. Wait as the header Retry-After says.",
    ),
    "bulk-limit": Kind(
        429,
        "Too many bulk inquiries",
        "Your agency has too many bulks that are not done, or has handed in too many lines today. The detail says "
        "which; wait as the header Retry-After says. Nothing was taken.",
    ),
    "internal-error": Kind(
        500,
        "The service failed",
        "Nothing was answered. A request that was recorded before the failure stays on record. Try again; with the "
        "same reference nothing is sent twice.",
    ),
    "away": Kind(
        503,
        "The service is away for the moment",
        "It cannot reach a database of its own. Nothing was answered. A request that was recorded before stays on "
        "record. Wait as the header Retry-After says and try again; with the same reference nothing is sent twice.",
    ),
    "not-asked-blind": Kind(
        503,
        "The provider cannot be asked blind",
        "It has not registered the key for its codes, or has not deposited it where its copies lie. Ask directly, at "
        "/api/v1/inquiries, or try again later. Nothing was recorded.",
    ),
    "unavailable": Kind(
        503, "The provider does not answer", "The provider is down or too slow. Try again later; the try is on record."
    ),
}
