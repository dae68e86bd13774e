"""An agent over introspection-aauth's signer, and its agent provider.

    python agent.py METHOD PATH [mission]

Calls the resource, first without a signature, then climbs as the challenges say. With `mission` it proposes one at the person server
before all else. Prints a line for each answer: `{"step", "status", "code", "requirement"}`.
"""

import asyncio
import json
import sys
import time
import uuid

import http_sfv
import httpx2
from introspection_aauth.protocol import SigningKey, jwt
from introspection_aauth.protocol.claims import AGENT_DWK, AgentTokenClaims, Confirmation
from introspection_aauth.protocol.httpsig.signing import jwt_key, sign
from wire import AGENT, PS, RESOURCE, mapped, say, seed, serve

method, path = sys.argv[1:3]
url = f"{RESOURCE}{path}"
body = json.dumps({"question": "stock"}).encode() if method == "POST" else None
CAPABLE = {"capabilities": ["interaction", "clarification"]}
PERSON = {"login_hint": "dana", **CAPABLE}

provider, key = SigningKey.from_seed(seed("provider")), SigningKey.from_seed(seed("agent"))
now = int(time.time())
AGENT_TOKEN = jwt.encode(
    AgentTokenClaims(
        iss=AGENT, dwk=AGENT_DWK, sub="aauth:Planner@agent.example", jti=uuid.uuid4().hex, iat=now, exp=now + 600,
        cnf=Confirmation(jwk=key.public_jwk.model_copy(update={"kid": None, "use": None})), ps=PS),
    provider, jwt.AGENT_TOKEN)


def documents(_method, target, _headers, _body):
    found = {
        "/.well-known/aauth-agent.json": {"issuer": AGENT, "jwks_uri": f"{AGENT}/jwks.json"},
        "/jwks.json": {"keys": [provider.public_jwk.model_dump(exclude_none=True)]},
    }.get(target)
    return (200 if found else 404), {}, found or {}


def member(answer, name, key):
    """What a dictionary among the fields of an answer has for a key."""
    field = http_sfv.Dictionary()
    if name in answer.headers:
        field.parse(answer.headers[name].encode())
    return field.get(key)


async def main():
    async with httpx2.AsyncClient(transport=mapped(httpx2), timeout=20) as http:

        async def call(step, token, verb, there, content=None):
            headers = {"content-type": "application/json"} if content else {}
            if token:
                headers |= sign(key, jwt_key(token), verb, there, body=content, created=int(time.time()))
            answer = await http.request(verb, there, content=content, headers=headers)
            found = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            requirement = member(answer, "aauth-requirement", "requirement")
            error = member(answer, "signature-error", "error")
            code = str(error.value) if error else found.get("error")
            say(step=step, status=answer.status_code, code=code, requirement=requirement and str(requirement.value),
                detail=found.get("detail"))
            return answer, found, requirement

        async def ask(step, endpoint, content):
            """Asks the person server, does what it asks for, and polls while it says 202."""
            answer, found, requirement = await call(step, AGENT_TOKEN, "POST", endpoint, json.dumps(content).encode())
            location = answer.headers.get("location")
            if requirement and str(requirement.value) == "interaction":
                page = await http.get(requirement.params["url"], params={"code": requirement.params["code"]})
                say(step=f"{step} interaction", status=page.status_code)
            if requirement and str(requirement.value) == "clarification":
                reply = {"action": "clarification_response", "clarification_response": "For March"}
                await call(f"{step} clarification", AGENT_TOKEN, "POST", location, json.dumps(reply).encode())
            while answer.status_code == 202:
                await asyncio.sleep(float(answer.headers.get("retry-after", "1")))
                answer, found, _ = await call(f"{step} poll", AGENT_TOKEN, "GET", location)
            if location and answer.status_code == 200:
                await call(f"{step} poll again", AGENT_TOKEN, "GET", location)
            return found if answer.status_code == 200 else None

        there = (await http.get(f"{PS}/.well-known/aauth-person.json")).json()
        person = None
        if "mission" in sys.argv[3:]:
            mission = await ask("mission", there["mission_endpoint"],
                                {"description": "Check the stock", "resources": [RESOURCE], **PERSON})
            person = mission and mission["person_tokens"][RESOURCE]
        token = None
        await call("unsigned", None, method, url, body)
        token = AGENT_TOKEN
        for step in ("agent token", "person token", "auth token"):
            answer, _, requirement = await call(step, token, method, url, body)
            if answer.status_code != 401 or requirement is None:
                return
            if str(requirement.value) == "person-token":
                if person is None:
                    found = await ask("person", there["person_token_endpoint"], {"resource": RESOURCE, **PERSON})
                    person = found and found["person_token"]
                token = person
            elif str(requirement.value) == "auth-token":
                found = await ask("auth", there["auth_token_endpoint"],
                                  {"resource_token": requirement.params["resource-token"], "presented_token": token,
                                   **CAPABLE})
                token = found and found["auth_token"]
            if token is None:
                return


serve(AGENT, documents)
asyncio.run(main())
say(step="end")
