"""What may not be seen is answered, to the byte, as what does not exist (threat model, rule 3; R-VIS-8)."""

import re

import pytest

ABSENT = {"number": 987654, "id": 987654, "contact": 987654, "off": 987654}
TOKENS = re.compile(r"[\w-]{2,}\.[\w-]{6,}\.[\w-]{20,}")


def told(answer, address) -> tuple:
    """The answer without the address that was asked for and the tokens of its forms."""
    words = TOKENS.sub("", answer.text).replace(address, "").replace(address.replace("/", "%2F"), "")
    kept = {name: value for name, value in answer.headers if name not in ("Set-Cookie", "Content-Length", "Date")}
    return answer.status_code, words, kept


@pytest.mark.parametrize("visitor", ["stranger", "outsider", "foreign administrator"])
def test_hidden_is_answered_like_absent(visitor, app, visitors, values, sign_in):
    client, adapter, told_apart, tried = sign_in(visitors[visitor]), app.url_map.bind("localhost"), [], 0
    for rule in app.url_map.iter_rules():
        if not rule.arguments & set(ABSENT) or "token" in rule.arguments or "/templates/" in rule.rule:
            continue  # templates belong to all companies
        parts = {name: value for name, value in values(rule.endpoint).items() if name in rule.arguments}
        absent = {name: ABSENT.get(name, value) for name, value in parts.items()}
        for method in sorted(rule.methods - {"OPTIONS", "HEAD"}):
            answers = []
            for one in (parts, absent):
                address = adapter.build(rule.endpoint, one, method=method)
                answers.append(told(client.open(address, method=method), address))
            tried += 1
            if answers[0] != answers[1]:
                told_apart.append((method, rule.rule, answers[0][0], answers[1][0]))
    assert tried > 20
    assert told_apart == []


@pytest.mark.parametrize("visitor", ["stranger", "outsider", "foreign administrator"])
def test_no_list_search_or_suggestion_names_what_is_hidden(visitor, places, visitors, sign_in, printer):
    client, leaks = sign_in(visitors[visitor]), []
    for endpoint, method, address in places:
        if method != "GET" or "/ticket/" in address or endpoint == "static":
            continue
        for asked in ("", f"?q=printer&ticket={printer.id}&team={printer.team_id}&customer=carla@client.example"):
            answer = client.get(address + asked)
            words = answer.text.replace("carla@client.example", "") if answer.mimetype == "text/html" else ""
            if any(secret in words for secret in ("on fire", "It smokes", "Carla Conti", "See picture")):
                leaks.append(address + asked)
    assert leaks == []
