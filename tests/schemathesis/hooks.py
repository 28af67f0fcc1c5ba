"""What of the engine's contract OpenAPI cannot say: for which reasons a request that fits the document is refused, and
that no 503 is an accident. Schemathesis's own checks do the rest."""

import re

import schemathesis

# Codes that depend on what the engine holds at the moment, not on the form of the request.
OF_STATE = {
    "unauthorized",
    "unknown_stock",
    "unknown_reservation",
    "reservation_expired",
    "reservation_closed",
    "version_mismatch",
    "insufficient_stock",
    "hold_limit",
    "idempotency_key_reused",
    "quantity_exceeds_held",
    "quantity_exceeds_committed",
    "quantity_exceeds_fulfilled",
    "not_found",
}

# Why a request that fits the document may still be malformed, or past a limit that an operator sets.
OF_FORM = [
    # JSON Schema counts characters, the engine bytes of UTF-8.
    r"must be 1 to \d+ bytes of UTF-8, found \d+ bytes",
    # JSON Schema takes 2.0 for an integer; the engine takes integers as integers are written.
    r"invalid type: floating point `-?[\d.e+]+`, expected `\w+` as a whole number",
    # A cursor is opaque: it fits only the list that gave it.
    r"`cursor` is not one that this list gave",
    # Either, and not both or none.
    r"must have either `order_reference` or `customer_reference`",
    r"`id` must not be the nil UUID",
    # A range with a hole has no short form in JSON Schema.
    r"must be a whole number from -\d+ to \d+ but not 0, found 0",
    # The upgrade is no call with a body and an answer.
    r"this is a WebSocket",
    # What an operator sets, and 2^53 − 1 for a balance.
    r"would take a list, a hold or a balance past its limit",
    r"\(setting \w+\)",
    r"the setting \w+ allows",
]
OF_FORM = [re.compile(reason) for reason in OF_FORM]


@schemathesis.check
def refuses_what_fits_only_for_a_named_reason(ctx, response, case):
    """A request that fits the document is carried out, or refused for a reason that stands above."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code < 400:
        return
    problem = response.json()
    code, detail = problem["code"], problem["detail"]
    if code in OF_STATE or any(reason.search(detail) for reason in OF_FORM):
        return
    raise AssertionError(f"refused although it fits the document: {code}: {detail}")


@schemathesis.check
def is_never_unavailable(ctx, response, case):
    """This engine has a disk, few callers and no outage: none of the promised reasons for a 503 is there."""
    if response.status_code == 503:
        raise AssertionError(f"unavailable without a reason: {response.text}")
