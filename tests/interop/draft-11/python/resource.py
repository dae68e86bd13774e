"""A resource over regent-httpsig's verifier, with resource tokens of the library `aauth`.

    python resource.py

Its paths are named by what they ask for: `/agent`, `/person`, `/ps` (an auth token of the person server), `/as`, `/as-waiting` and
`/as-refused` (one of the access server). Prints a line for each request: `{"verified", "typ", "covered", "code"}`.
"""

import asyncio
import signal

import httpx
import jwt
from aauth.tokens.resource_token import create_resource_token
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from regent_httpsig import HttpsigConfig, HttpsigVerifier
from regent_httpsig.sfv import parse_signature_input
from wire import AS, PARTIES, PS, RESOURCE, base64url, mapped, say, seed, serve

key = Ed25519PrivateKey.from_private_bytes(seed("resource"))
JWK = {"kty": "OKP", "crv": "Ed25519", "alg": "Ed25519", "kid": "resource-1", "x": base64url(key.public_key().public_bytes_raw())}
DOCUMENTS = {
    "/.well-known/aauth-resource.json": {
        "issuer": RESOURCE, "jwks_uri": f"{RESOURCE}/jwks.json", "access_mode": "auth-token",
        "scope_descriptions": {name: name for name in ("data.read", "data.waiting", "data.refused")}},
    "/jwks.json": {"keys": [JWK]},
}
# What each path needs: the lowest type of token, who issues the auth token, its scope.
ROUTES = {
    "/agent": ("aa-agent+jwt",),
    "/person": ("aa-person+jwt",),
    "/ps": ("aa-auth+jwt", PS, "data.read"),
    "/as": ("aa-auth+jwt", AS, "data.read"),
    "/as-waiting": ("aa-auth+jwt", AS, "data.waiting"),
    "/as-refused": ("aa-auth+jwt", AS, "data.refused"),
}
ORDER = ["aa-agent+jwt", "aa-person+jwt", "aa-auth+jwt"]
# The hosts are those of the map below: none of them is looked up.
config = HttpsigConfig(resource_url=RESOURCE, trusted_ps={PS: "", AS: ""},
                       insecure_hosts=frozenset(party.removeprefix("https://") for party in PARTIES))


async def judge(*request):
    async with httpx.AsyncClient(transport=mapped(httpx)) as http:
        return await HttpsigVerifier(config, http_client=http).verify_detailed(*request)


def key_set(issuer, dwk, *_):
    """For the library `aauth`, which looks keys up while it waits."""

    def get(url):
        host = httpx.URL(url).host
        return httpx.get(url.replace(f"https://{host}", PARTIES[f"https://{host}"]), headers={"host": host}).json()

    return get(get(f"{issuer}/.well-known/{dwk}")["jwks_uri"])


def answer(method, target, headers, body):
    path = target.split("?")[0]
    if path in DOCUMENTS:
        return 200, {}, DOCUMENTS[path]
    if path not in ROUTES:
        return 404, {}, {}
    needed, *grant = ROUTES[path]
    result = asyncio.run(judge(method, f"{RESOURCE}{target}", headers, body))
    if result is None:
        say(verified=False, code="unsigned")
        return 401, {"AAuth-Requirement": "requirement=agent-token"}, {"error": "agent_token_required"}
    if not hasattr(result, "claims"):
        say(verified=False, code=result.code, detail=result.detail)
        return 401, {**result.headers(), "Content-Type": "application/problem+json"}, result.problem()
    token = headers["signature-key"].split('jwt="')[1].split('"')[0]
    typ = jwt.get_unverified_header(token)["typ"]
    covered = next(iter(parse_signature_input(headers["signature-input"]).values()))[0]
    say(verified=True, typ=typ, covered=list(covered))
    if ORDER.index(typ) >= ORDER.index(needed):
        return 200, {}, {"answer": "42 pallets"}
    if typ == "aa-agent+jwt":
        return 401, {"AAuth-Requirement": "requirement=person-token"}, {"error": "person_token_required"}
    audience, scope = grant
    made = create_resource_token(RESOURCE, audience, result.keyid, key, JWK["kid"],
                                 presented_token=token, jwks_fetcher=key_set, scope=scope)
    challenge = f'requirement=auth-token;resource-token="{made}"'
    return 401, {"AAuth-Requirement": challenge}, {"error": "auth_token_required"}


serve(RESOURCE, answer)
say(ready=True)
signal.pause()
