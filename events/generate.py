#!/usr/bin/env python3
"""Writes events/<function>/<case>.json, events/expected.json and events/tokens.json: what API Gateway, the activity stream and the schedule
hand to each function, and what each must answer.

    events/generate.py           write the files
    events/generate.py --check   exit 1 if they are not what this script would write

An event's name is method, path and case: `post-v1-resets--good.json`, `post-v1-resets--bad-unknown-member.json`.

Tokens in events are well-formed and nobody's: ADMIN_TOKEN, USER_TOKEN and RESET_TOKEN below. A test that wants more
than 401 replaces their text by that of real ones. `expected.json` therefore has two answers for an event: `empty`, of a
store without anybody in it, and `demo`, of the people whom `sspr demo` makes, with real tokens put in.
"""

import base64
import hashlib
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

HERE = Path(__file__).resolve().parent
API = "a1b2c3d4e5"
HOST = f"{API}.execute-api.us-east-1.amazonaws.com"
ACCOUNT = "123456789012"
ACTIVITY_STREAM = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/sspr-activity/stream/2026-11-21T00:00:00.000"
TIME, EPOCH = "21/Nov/2026:12:00:00 +0000", 1795262400000


def token(prefix, whose):
    digest = hashlib.sha256(f"an example token: {whose}".encode()).digest()
    return f"{prefix}_{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


ADMIN_TOKEN = token("at", "an administrator")
USER_TOKEN = token("at", "a person")
RESET_TOKEN = token("rt", "an attempt")
NOTICE_TOKEN = token("nm", "a notice")

# Of the people of `sspr demo`: who signs in, and who changes their password.
PERSON, PASSWORD = "alice", "seven quiet harbour bells"
CHANGER, OLD_PASSWORD = "bob", "copper kettle on the moor"
NEW_PASSWORD = "ferry otter lantern quilt"


@dataclass
class Case:
    """One event: what differs from the good request, and the status it must be answered with."""

    name: str
    status: int
    empty: int | None = None  # where an empty store answers otherwise
    body: object = ...  # ... keeps the good request's, None is no body, a str is sent as it is
    content_type: str | None = ...  # ... keeps the good request's, None is no header
    token: str | None = ...
    method: str | None = None
    path: str | None = None  # one that the gateway has no route for
    parameters: dict | None = None
    query: dict = ...
    headers: dict = field(default_factory=dict)
    base64: bool = False


@dataclass
class Route:
    """A route of api.md §2 with its good request; the bad ones that every route of its kind has are added."""

    method: str
    path: str
    status: int
    empty: int | None = None
    body: object = None
    token: str | None = None
    parameters: dict = field(default_factory=dict)
    query: dict = field(default_factory=dict)
    headers: dict = field(default_factory=dict)
    more: list = field(default_factory=list)
    content_type: str = "application/json"
    gateway_path: str | None = None  # where the gateway's route is wider than the path


def foreign(of):
    return RESET_TOKEN if of.startswith("at_") else USER_TOKEN


def cases_of(route):
    """The good case and the bad ones: two at least for each route."""
    cases = [Case("good", route.status, route.empty)]
    # An empty store knows nobody, and who is signed in is asked before what they sent is looked at. A reset's token is
    # looked up last: until then it need only be one.
    unknown = 401 if route.token in (ADMIN_TOKEN, USER_TOKEN) else None
    if route.token:
        cases += [
            Case("bad-missing-token", 401, token=None),
        ]
        if not any(case.name == "bad-foreign-token" for case in route.more):
            cases.append(Case("bad-foreign-token", 401, token=foreign(route.token)))
    if route.body is not None and route.content_type == "application/json":
        cases += [
            Case("bad-malformed-body", 400, unknown, body=json.dumps(route.body)[:-1]),
            Case("bad-unknown-member", 400, unknown, body={**route.body, "surprise": True}),
        ]
    if route.body is not None:
        cases.append(Case("bad-content-type", 415, unknown, content_type="text/plain"))
    if route.body is None and not route.token:
        wrong = {"GET": "DELETE", "POST": "GET"}[route.method]
        cases += [Case("bad-method", 405, method=wrong), Case("bad-method-patch", 405, method="PATCH")]
    for case in route.more:
        well_formed = case.name.startswith("good") and route.token
        if case.empty is None and case.status != 405:
            case.empty = 401 if well_formed else unknown
        cases.append(case)
    return cases


def http_event(route, case):
    """Payload 2.0 of an HTTP API. Headers are lower-case; members without a value are absent."""
    method = case.method or route.method
    path = case.path or route.path
    parameters = case.parameters or route.parameters
    for name, value in parameters.items():
        path = path.replace("{%s}" % name, value)
    body = route.body if case.body is ... else case.body
    body = json.dumps(body, ensure_ascii=False) if body is not None and not isinstance(body, str) else body
    bearer = route.token if case.token is ... else case.token
    query = route.query if case.query is ... else case.query
    raw_query = urlencode(query)
    gateway = route.gateway_path or (route.path if case.path is None else "$default")
    key = gateway if gateway == "$default" else f"ANY {gateway}"
    headers = {
        "accept": "application/json",
        "host": HOST,
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
        "x-amzn-trace-id": "Root=1-69205dc0-0123456789abcdef01234567",
        "x-forwarded-for": "203.0.113.9",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
        **route.headers,
        **case.headers,
    }
    if body is not None:
        headers["content-length"] = str(len(body.encode("utf-8", "surrogatepass")))
        content_type = route.content_type if case.content_type is ... else case.content_type
        if content_type:
            headers["content-type"] = content_type
    if bearer:
        headers["authorization"] = f"Bearer {bearer}"
    event = {
        "version": "2.0",
        "routeKey": key,
        "rawPath": path,
        "rawQueryString": raw_query,
        "headers": dict(sorted(headers.items())),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API,
            "domainName": HOST,
            "domainPrefix": API,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.9",
                "userAgent": headers["user-agent"],
            },
            "requestId": "Z1y2x3w4v5u6t7s8",
            "routeKey": key,
            "stage": "$default",
            "time": TIME,
            "timeEpoch": EPOCH,
        },
        "isBase64Encoded": case.base64,
    }
    if query:
        event["queryStringParameters"] = {k: str(v) for k, v in query.items()}
    if parameters:
        event["pathParameters"] = parameters
    if body is not None:
        event["body"] = base64.b64encode(body.encode()).decode() if case.base64 else body
    return event


def slug(route):
    path = re.sub(r"[^a-z0-9]+", "-", route.path.lower()).strip("-") or "root"
    return f"{route.method.lower()}-{path}"


# ---- The routes, function by function ----

DEEP = "[" * 3000
EVERY_BODY = [
    Case("bad-array-for-text", 400, body={"username": ["alice"], "purpose": "reset"}),
    Case("bad-duplicate-member", 400, body='{"username":"alice","username":"bob","purpose":"reset"}'),
    Case("bad-trailing-data", 400, body='{"username":"alice","purpose":"reset"} {}'),
    Case("bad-deep-brackets", 400, body=DEEP),
    Case("bad-lone-surrogate", 400, body='{"username":"\\ud800","purpose":"reset"}'),
    Case("bad-nul", 400, body='{"username":"a\\u0000b","purpose":"reset"}'),
    Case("bad-too-large", 413, body={"username": "a" * 20_000, "purpose": "reset"}),
    Case("bad-no-body", 400, body=""),
    Case("bad-no-content-type", 415, content_type=None),
    Case("bad-method", 405, method="GET", body=None),
    Case("bad-purpose", 400, body={"username": "alice", "purpose": "guess"}),
    Case("good-base64", 201, base64=True),
    Case("good-idempotency-key", 201, headers={"idempotency-key": "5e1f6e1c-9f57-4d1c-8a8e-0d7c4b2a1f00"}),
    Case("bad-idempotency-key", 400, headers={"idempotency-key": "k" * 65}),
    Case("good-content-type-with-charset", 201, content_type="application/json; charset=utf-8"),
]
FORM = {
    "method": "POST", "query": {}, "body": f"t={NOTICE_TOKEN}", "content_type": "application/x-www-form-urlencoded",
}
CONFIG_ETAG = {"if-match": '"1"'}


def person(name):
    return {"username": name}


ROUTES = {
    "sign-in": [
        Route("POST", "/v1/sign-in", 200, 401, body={"username": PERSON, "password": PASSWORD}, more=[
            Case("good-admin", 200, 401, body={"username": "admin", "password": "otters juggle nine teal lamps"}),
            Case("bad-password", 401, body={"username": PERSON, "password": "wrong"}),
            Case("bad-missing-member", 400, body={"username": PERSON}),
            Case("bad-method", 405, method="GET", body=None),
        ]),
        Route("POST", "/v1/sign-out", 204, 401, token=USER_TOKEN),
    ],
    "register": [
        Route("GET", "/v1/registration", 200, 401, token=USER_TOKEN),
        Route("POST", "/v1/registration/methods", 202, 401, token=USER_TOKEN,
              body={"method": "email", "address": "alice@home.example"}, more=[
            Case("good-mobile-phone", 202, body={"method": "mobile_phone", "number": "+44 20 7946 0958", "via": "voice"}),
            Case("good-authenticator-app", 200, body={"method": "authenticator_app"}),
            Case("good-recovery-code", 200, body={"method": "recovery_code"}),
            Case("bad-address", 422, body={"method": "email", "address": "not an address"}),
        ]),
        Route("POST", "/v1/registration/methods/verify", 422, 401, token=USER_TOKEN,
              body={"method": "email", "code": "00000000"}),
        Route("DELETE", "/v1/registration/methods/{method}", 200, 401, token=USER_TOKEN,
              parameters={"method": "email"}),
        # Questions are off until an organisation switches them on.
        Route("PUT", "/v1/registration/questions", 422, 401, token=USER_TOKEN,
              body={"answers": [{"id": "first-pet", "answer": "Rex the Second"}]}),
        Route("POST", "/v1/registration/confirm", 200, 401, token=USER_TOKEN),
        Route("POST", "/v1/registration/skip", 409, 401, token=USER_TOKEN),
    ],
    "begin-reset": [
        Route("POST", "/v1/resets", 201, body={"username": PERSON, "purpose": "reset"}, more=EVERY_BODY),
    ],
    "verify-gate": [
        Route("GET", "/v1/resets/current", 200, 401, token=RESET_TOKEN),
        Route("POST", "/v1/resets/challenge", 202, 401, token=RESET_TOKEN,
              body={"method": "email", "contact": "alice@home.example"}, more=[
            Case("bad-no-contact", 400, body={"method": "sms"}),
            Case("bad-method-of-proof", 400, body={"method": "telepathy", "contact": "alice"}),
        ]),
        Route("POST", "/v1/resets/verify", 409, 401, token=RESET_TOKEN, body={"method": "email", "code": "12345678"}),
        Route("POST", "/v1/resets/cancel", 204, 401, token=RESET_TOKEN),
        Route("POST", "/v1/resets/contact-admin", 202, 401, token=RESET_TOKEN),
    ],
    "complete-reset": [
        Route("POST", "/v1/resets/complete", 409, 401, token=RESET_TOKEN, body={"new_password": NEW_PASSWORD}),
    ],
    "unlock": [
        Route("POST", "/v1/resets/unlock", 409, 401, token=RESET_TOKEN),
        # A page for people: what nobody was sent leads to a calm one.
        Route("GET", "/not-me", 410, query={"t": NOTICE_TOKEN}, more=[
            Case("bad-no-token", 410, query={}),
            Case("bad-form-unknown-token", 410, **FORM),
            Case("bad-form-of-another-site", 403, headers={"sec-fetch-site": "cross-site"}, **FORM),
            Case("bad-form-as-json", 415, **{**FORM, "content_type": "application/json"}),
            Case("bad-form-unknown-member", 400, **{**FORM, "body": f"t={NOTICE_TOKEN}&next=/evil"}),
        ]),
    ],
    "change": [
        Route("POST", "/v1/password/change", 200, 401,
              body={"username": CHANGER, "current_password": OLD_PASSWORD, "new_password": NEW_PASSWORD}, more=[
            Case("bad-password", 401,
                 body={"username": CHANGER, "current_password": "wrong", "new_password": NEW_PASSWORD}),
        ]),
        # Either token will do, so a reset's is none of a foreign type; its gates must be passed.
        Route("POST", "/v1/password/check", 200, 401, token=USER_TOKEN, body={"new_password": NEW_PASSWORD}, more=[
            Case("bad-foreign-token", 409, token=RESET_TOKEN),
        ]),
    ],
    "configure": [
        Route("GET", "/v1/admin/config", 200, 401, token=ADMIN_TOKEN),
        Route("PUT", "/v1/admin/config", 200, 401, token=ADMIN_TOKEN, headers=CONFIG_ETAG,
              body={"enabled": "all"}, more=[
            Case("bad-stale", 412, headers={"if-match": '"999"'}),
        ]),
        Route("POST", "/v1/admin/config/preview", 200, 401, token=ADMIN_TOKEN,
              body={"config": {"methods_required": 2, "exclude_groups": ["guests"]}}, more=[
            Case("bad-setting", 400, body={"config": {"surprise": True}}),
        ]),
        Route("GET", "/v1/admin/config/versions", 200, 401, token=ADMIN_TOKEN),
        Route("GET", "/v1/admin/config/versions/{n}", 200, 401, token=ADMIN_TOKEN, parameters={"n": "1"}, more=[
            Case("bad-unknown-version", 404, parameters={"n": "999"}),
        ]),
        Route("POST", "/v1/admin/config/rollback", 200, 401, token=ADMIN_TOKEN, body={"version": 1}),
    ],
    "manage-users": [
        Route("GET", "/v1/admin/users", 200, 401, token=ADMIN_TOKEN, query={"limit": 10}),
        Route("GET", "/v1/admin/users/{username}", 200, 401, token=ADMIN_TOKEN, parameters=person(PERSON), more=[
            Case("bad-unknown-name", 404, parameters=person("nobody")),
            # HTTP APIs hand over the path decoded: what stands after the mark must not get lost with it.
            Case("bad-decoded-number-sign", 404, parameters=person(f"{PERSON}#1")),
            Case("bad-decoded-blank", 404, parameters=person(f"{PERSON} 1")),
        ]),
        Route("PUT", "/v1/admin/users/{username}", 201, 401, token=ADMIN_TOKEN, parameters=person("new.starter"),
              body={"display_name": "New Starter", "email": "new.starter@home.example", "roles": ["user"]}, more=[
            Case("bad-role", 400, body={"roles": ["emperor"]}),
        ]),
        Route("DELETE", "/v1/admin/users/{username}", 204, 401, token=ADMIN_TOKEN, parameters=person("bob")),
        Route("POST", "/v1/admin/users/{username}/reset", 200, 401, token=ADMIN_TOKEN, parameters=person(PERSON)),
        Route("POST", "/v1/admin/users/{username}/unlock", 200, 401, token=ADMIN_TOKEN, parameters=person(PERSON)),
        Route("POST", "/v1/admin/users/{username}/unblock", 200, 401, token=ADMIN_TOKEN, parameters=person(PERSON)),
        Route("POST", "/v1/admin/users/{username}/revoke-sessions", 200, 401, token=ADMIN_TOKEN,
              parameters=person(PERSON)),
        Route("POST", "/v1/admin/users/{username}/require-registration", 200, 401, token=ADMIN_TOKEN,
              parameters=person(PERSON)),
        Route("GET", "/v1/admin/users/{username}/explain", 200, 401, token=ADMIN_TOKEN, parameters=person(PERSON), more=[
            Case("bad-unknown-name", 404, parameters=person("nobody")),
        ]),
        Route("POST", "/v1/admin/users/import", 200, 401, token=ADMIN_TOKEN, content_type="text/csv",
              body="username,first_name,email\r\nima.ported,Ima,ima@home.example\r\n", query={"dry_run": "true"}, more=[
            Case("good-written", 200, query={}),
            Case("good-lines", 200, content_type="application/x-ndjson", base64=True,
                 body='{"username":"ima.ported","first_name":"Ima"}\n{"username":"a b"}\n'),
            Case("bad-heading", 400, body="name\r\nima.ported\r\n"),
            Case("bad-dry-run", 400, query={"dry_run": "perhaps"}),
        ]),
        Route("GET", "/v1/admin/groups/{group}", 200, 401, token=ADMIN_TOKEN, parameters={"group": "staff"}),
        Route("PUT", "/v1/admin/groups/{group}", 200, 401, token=ADMIN_TOKEN, parameters={"group": "pilots"},
              body={"groups": ["staff"]}),
        Route("POST", "/v1/admin/groups/{group}/require-registration", 200, 401, token=ADMIN_TOKEN,
              parameters={"group": "staff"}, more=[
            Case("bad-cursor", 400, query={"cursor": "made-up"}),
        ]),
        # Nothing is nested in it, so there is nothing to forget.
        Route("DELETE", "/v1/admin/groups/{group}", 404, 401, token=ADMIN_TOKEN, parameters={"group": "pilots"}),
    ],
    "report": [
        *(
            Route("GET", f"/v1/admin/reports/{name}", 200, 401, token=ADMIN_TOKEN, query={"limit": 10, **query},
                  gateway_path="/v1/admin/reports/{report}", parameters={"report": name}, more=[
                Case("bad-limit", 400, query={"limit": "many"}),
            ])
            for name, query in {
                "resets": {"result": "succeeded"},
                "registrations": {"method": "email"},
                "users": {"registered": "true"},
                "audit": {"status": "success"},
            }.items()
        ),
        Route("GET", "/v1/admin/support/{correlation_id}", 404, 401, token=ADMIN_TOKEN,
              parameters={"correlation_id": "9K3F-72QP"}),
    ],
    "portal": [
        Route("GET", "/", 200),
        Route("GET", "/v1/about", 200),
        Route("GET", "/v1/health", 200),
        Route("GET", "/openapi.json", 200),
        Route("GET", "/.well-known/change-password", 302, more=[
            Case("bad-unknown-path", 404, path="/v1/nobody-knows-this"),
        ]),
    ],
}


# ---- The stream, for deliver ----


def attribute(value):
    """A value as DynamoDB writes it."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, float)):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, list):
        return {"L": [attribute(v) for v in value]}
    return {"M": {k: attribute(v) for k, v in value.items()}}


def record(number, image, name="INSERT"):
    keys = {k: image[k] for k in ("pk", "sk") if k in image}
    change = {
        "ApproximateCreationDateTime": EPOCH / 1000,
        "Keys": {k: attribute(v) for k, v in keys.items()},
        "SequenceNumber": f"{number:021}",
        "SizeBytes": len(json.dumps(image)),
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    change["OldImage" if name == "REMOVE" else "NewImage"] = {k: attribute(v) for k, v in image.items()}
    return {
        "eventID": f"{number:032x}",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": ACTIVITY_STREAM,
        "dynamodb": change,
    }


def row(identity, **members):
    """A row of the activity table as `rules::activity::Activity` and `state` write it."""
    return {
        "pk": "DAY#2026-11-21#00",
        "sk": f"2026-11-21T12:00:00.000Z#{identity}",
        "kind": "activity",
        "ttl": EPOCH // 1000 + 86_400,
        "id": identity,
        "at": EPOCH,
        "activity": "progress",
        "success": True,
        "target": PERSON,
        "correlation": "9K3F-72QP",
        "source_ip": "203.0.113.9",
        **members,
    }


CODE = row("0a1b2c01", locale="en", code={
    "for": "gate", "way": "email", "contact": "alice@home.example", "send": 1, "digits": 8,
})
NOTICE = row("0a1b2c02", activity="reset_password", user=PERSON, notices=[
    {"kind": "password_reset", "to": ["alice@home.example"], "locale": "en"},
])
FACT = row("0a1b2c03", activity="sign_in_locked", user=PERSON)
UNKNOWN_KIND = row("0a1b2c04", notices=[{"kind": "carrier_pigeon", "to": ["alice@home.example"], "locale": "en"}])
WITHOUT_ATTRIBUTES = {"pk": "DAY#2026-11-21#00", "sk": "2026-11-21T12:00:00.000Z#0a1b2c05"}
NOTHING_FAILED = {"batchItemFailures": []}
STREAM = {
    "stream--good-code": ([record(1, CODE)], NOTHING_FAILED),
    "stream--good-notice": ([record(2, NOTICE)], NOTHING_FAILED),
    "stream--good-fact-without-message": ([record(3, FACT)], NOTHING_FAILED),
    "stream--good-expired-row": ([record(4, NOTICE, "REMOVE")], NOTHING_FAILED),
    "stream--good-empty": ([], NOTHING_FAILED),
    # What cannot be read will not be readable at the next try either: it is logged and let go, and its neighbours are
    # delivered.
    "stream--bad-unknown-kind": ([record(5, UNKNOWN_KIND), record(6, NOTICE)], NOTHING_FAILED),
    "stream--bad-missing-attributes": ([record(7, WITHOUT_ATTRIBUTES), record(8, NOTICE)], NOTHING_FAILED),
}

# ---- The schedule, for sweep ----

TICK = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": ACCOUNT,
    "time": "2026-11-21T12:00:00Z",
    "region": "us-east-1",
    "resources": [f"arn:aws:events:us-east-1:{ACCOUNT}:rule/sspr-SweepSchedule"],
    "detail": {},
}
# What is due depends on the clock, never on the event: an odd one sweeps all the same.
SCHEDULE = {"schedule--good": TICK, "schedule--bad-empty": {}, "schedule--bad-other-shape": ["not", "a", "schedule"]}


def everything():
    """Every file this script answers for: path below events/ → document."""
    files, expected = {}, {}
    for function, routes in ROUTES.items():
        for route in routes:
            for case in cases_of(route):
                path = f"{function}/{slug(route)}--{case.name}.json"
                assert path not in files, f"{path} is written twice"
                files[path] = http_event(route, case)
                expected[path] = {"demo": case.status, "empty": case.empty or case.status}
    for name, (records, answer) in STREAM.items():
        files[f"deliver/{name}.json"] = {"Records": records}
        expected[f"deliver/{name}.json"] = {"answer": answer}
    for name, event in SCHEDULE.items():
        files[f"sweep/{name}.json"] = event
        expected[f"sweep/{name}.json"] = {"answer": None}
    files["tokens.json"] = {"admin": ADMIN_TOKEN, "user": USER_TOKEN, "reset": RESET_TOKEN}
    files["expected.json"] = dict(sorted(expected.items()))
    return files


def main():
    files = {HERE / path: json.dumps(document, indent=2) + "\n" for path, document in everything().items()}
    there = {p for p in HERE.rglob("*.json")}
    stale = [p for p, text in files.items() if p not in there or p.read_text() != text]
    strangers = sorted(there - set(files))
    if "--check" in sys.argv:
        for path in sorted(stale) + strangers:
            print(f"{path.relative_to(HERE.parent)}: not what events/generate.py writes")
        return 1 if stale or strangers else 0
    for path in strangers:
        path.unlink()
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(files[path])
    print(f"{len(files)} files, {len(stale)} written, {len(strangers)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
