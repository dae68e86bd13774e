"""A resource as the published demo's market-analysis agent: verifies with the published library, and challenges for an auth token.

    python resource.py PORT RESOURCE ISSUER SCOPE MODE

MODE is `signature-only` or `autonomous`. Prints a line for each request: `{"verified", "scheme", "covered", "token"}`.
"""

import json
import re
import signal
import sys

import jwt
from aauth import (build_agent_auth_challenge, calculate_jwk_thumbprint, create_resource_token, parse_signature_key,
                   verify_signature)
from wire import JWK, PRIVATE_KEY, get_json, say, serve

port, me, issuer, scope, mode = int(sys.argv[1]), *sys.argv[2:6]


def key_set(party, *_):
    document = "aauth-issuer" if party == issuer else "aauth-agent"
    return get_json(get_json(f"{party}/.well-known/{document}")["jwks_uri"])


def answer(headers, body):
    fields = {name.lower(): value for name, value in headers.items()}
    key = fields.get("signature-key", "")
    claim = parse_signature_key(key) if key else {"scheme": None, "params": {}}
    try:
        # As the published agents do: without the body.
        verified = bool(key) and verify_signature(
            "POST", f"{me}/", fields, None, fields["signature-input"], fields["signature"], key, jwks_fetcher=key_set)
    except Exception as error:
        say(error=str(error))
        verified = False
    covered = re.findall(r'"([^"]+)"', fields.get("signature-input", ""))
    token = claim["params"].get("jwt")
    claims = jwt.decode(token, options={"verify_signature": False}) if token else {}
    is_for_us = claims.get("aud") == me and claims.get("iss") == issuer
    say(verified=verified, scheme=claim["scheme"], covered=covered, act=claims.get("act"))
    if not verified or (token and not is_for_us):
        return 401, {"Agent-Auth": "httpsig"}, {"error": "invalid_signature"}
    if mode == "autonomous" and not token:
        named = claim["params"]
        # The published resources make a token for a key without a name, too.
        agent = named.get("id", "unknown-agent")
        [signed_with] = [jwk for jwk in key_set(agent)["keys"] if jwk["kid"] == named["kid"]] if "id" in named else [named]
        resource_token = create_resource_token(
            me, issuer, agent, calculate_jwk_thumbprint(signed_with), scope, PRIVATE_KEY, JWK["kid"])
        challenge = build_agent_auth_challenge(
            require_auth_token=True, resource_token=resource_token, auth_server=issuer)
        return 401, {"Agent-Auth": challenge}, {"error": "authorization_required"}
    asked = json.loads(body)
    message = {
        "role": "agent", "kind": "message", "messageId": "2",
        "parts": [{"kind": "text", "text": "# Market analysis\n\nWritten in Python."}],
    }
    return 200, {}, {"jsonrpc": "2.0", "id": asked["id"], "result": message}


serve(port, {
    "/.well-known/aauth-resource": {"resource": me, "jwks_uri": f"{me}/jwks.json"},
    "/.well-known/aauth-agent": {"agent": me, "jwks_uri": f"{me}/jwks.json"},
    "/jwks.json": {"keys": [JWK]},
}, answer)
say(ready=True)
signal.pause()
