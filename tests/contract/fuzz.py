"""Every operation of openapi/dengwen.json with generated requests, as a stranger, the brigade, a grid officer and the
office. A request made by the document must not be refused for its shape: a refusal of a valid one names a relation
between fields, the district profile or the matter's state, from the closed table below. One made against the document
must be refused or taken, never answered by a fault. Reads BASE_URL, TOKENS (JSON: role to token) and KNOWN (JSON:
values of path parameters that exist). SHARE ("1/2") is the part of the operations to take, every one unless said.
Ends with 1 and each finding once.
"""

import json
import os
import random
import sys
import time
import warnings

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from schemathesis.generation import GenerationMode

warnings.simplefilter("ignore")

BASE = os.environ["BASE_URL"]
ROLES = {"stranger": None} | json.loads(os.environ["TOKENS"])
KNOWN = json.loads(os.environ["KNOWN"])
DOCUMENT = json.load(open(sys.argv[1], encoding="utf-8"))
BUDGET = float(os.environ.get("BUDGET_SECONDS", "600"))

# Items of a 422 that a single field's schema cannot say: what fields mean together, what the district's profile holds,
# where and when something lies, which matter is meant.
RELATIONS = {
    "required",
    "in_the_future", "in_the_past", "too_early", "before_begin",
    "unknown_category", "unknown_demand", "unknown_channel", "unknown_unit", "unknown_procedure", "unknown_grid",
    "not_of_this_grid", "not_a_position", "outside_district", "outside_own_part", "outside_radius", "outside_time_band",
    "unknown", "unknown_part", "is_a_part", "another_matter", "not_dissatisfied", "not_a_mobile", "too_many_photos",
    "wrong", "wrong_password", "unchanged", "too_weak", "other_words",
    # How many parts all decisions of one request split letters into, and words that give no reason.
    "too_many_parts", "no_reason",
    # What does not go with what was decided before.
    "refused",
}
# Problems that say what state something is in, or what a picture's bytes are.
STATES = {401, 403, 404, 409, 410, 412, 413, 415, 423, 428, 429, 503}
# 400 for a value of a page's cursor: it belongs to a list that was asked for before.
BAD_REQUESTS = {"unknown_cursor"}
# Filters by a code of the district's profile, by a name or number that is there, or by words that can be looked for.
PROFILE_FILTERS = {
    "query.street", "query.category", "query.unit", "query.grid", "query.channel", "query.procedure", "query.entry",
    "query.q", "query.premises", "query.claimed_by",
}
# 422 problems of their own.
PROBLEMS = {"photo_unreadable", "guard_failed"}

# These end the sessions that the rest is sent with.
ENDS_SESSIONS = {"delete_session", "delete_other_sessions", "delete_session_by_id", "refresh_session", "change_password"}

findings = {}
counts = {"positive": 0, "negative": 0, "taken": 0}


def find(operation, role, what, case, response):
    key = (operation, what)
    if key not in findings:
        sent = json.dumps(case.body, ensure_ascii=False, default=repr)[:300] if case.body is not None else ""
        findings[key] = f"{operation} as {role}: {what}\n    sent {case.formatted_path} {case.query} {sent}\n    got {response.status_code} {response.text[:300]}"


def judge(operation, role, case, response, positive):
    status = response.status_code
    if status >= 500 and status != 503:
        find(operation, role, f"answered {status}", case, response)
        return
    if 200 <= status < 300 or status == 304:
        counts["taken"] += 1
        return
    if not positive or status in STATES:
        return
    try:
        problem = response.json()
    except ValueError:
        find(operation, role, f"answered {status} without a problem document", case, response)
        return
    code, items = problem.get("code"), problem.get("items") or []
    if status == 400 and (code in BAD_REQUESTS or items and all(item["location"] in PROFILE_FILTERS for item in items)):
        return
    if status == 422 and code in PROBLEMS:
        return
    if status == 422 and items and all(item["code"] in RELATIONS for item in items):
        return
    said = ", ".join(f"{item['location']} {item['code']}" for item in items)
    find(operation, role, f"refuses what the document takes: {status} {code} {said}", case, response)


def send(operation, case, token):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return case.call(base_url=BASE, headers=headers, timeout=10, session=SESSION)


SESSION = requests.Session()


def place(case):
    """Half of the requests are about something that is there."""
    for name in list(case.path_parameters or {}):
        values = KNOWN.get(case.operation.path, {}).get(name) or KNOWN.get("*", {}).get(name)
        if values and random.random() < 0.7:
            case.path_parameters[name] = random.choice(values)


def examine(operation, examples):
    name = operation.definition.raw["operationId"]
    if name in ENDS_SESSIONS:
        return
    for role, token in ROLES.items():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            positive = mode == GenerationMode.POSITIVE

            @seed(20261128)
            @settings(max_examples=examples if positive else max(3, examples // 3), deadline=None, database=None,
                      phases=[Phase.generate], verbosity=Verbosity.quiet, suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy(generation_mode=mode))
            def one(case):
                place(case)
                try:
                    response = send(name, case, token)
                except requests.exceptions.InvalidHeader:
                    return  # no client can send it
                except (UnicodeError, ValueError):
                    return
                counts["positive" if positive else "negative"] += 1
                judge(name, role, case, response, positive)

            try:
                one()
            except Exception as error:  # a negative request cannot be made of every operation
                text = f"{type(error).__name__}: {error}"
                if positive:
                    findings[(name, text[:80])] = f"{name} as {role}: no request could be made of the document: {text[:300]}"


def main():
    random.seed(20261128)
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    part, parts = (int(number) for number in os.environ.get("SHARE", "1/1").split("/"))
    operations = [result.ok() for result in schema.get_all_operations()][part - 1::parts]
    started = time.monotonic()
    examples = int(os.environ.get("EXAMPLES", "8"))
    for at, operation in enumerate(operations):
        if time.monotonic() - started > BUDGET:
            print(f"out of time after {at} of {len(operations)} operations", file=sys.stderr)
            return 1
        examine(operation, examples)
    took = time.monotonic() - started
    print(f"{len(operations)} operations as {len(ROLES)} roles in {took:.0f} s: {counts['positive']} requests by the "
          f"document, {counts['negative']} against it, {counts['taken']} taken, {len(findings)} findings")
    for finding in findings.values():
        print(finding, file=sys.stderr)
    return 1 if findings else 0


sys.exit(main())
