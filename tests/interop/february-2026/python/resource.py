"""A resource as the published demo's agents are: verifies with the published library, challenges for an auth token, may ask another.

    python resource.py PORT RESOURCE ISSUER SCOPE MODE [NEXT [SCHEME]]

MODE is `signature-only`, `autonomous`, or `user-delegated`, in which the token it was called with is exchanged for that of NEXT, which it
signs to with SCHEME (default jwks). As the published supply-chain agent does it, a signature that cannot be verified is refused in mode
`signature-only` alone; in the others the request is treated as if it could, and only the log tells. Prints a line for each request:
`{"verified", "scheme", "covered", "act"}`.
"""

import json
import re
import signal
import sys

import jwt
from aauth import (build_agent_auth_challenge, calculate_jwk_thumbprint, create_resource_token, parse_signature_key,
                   verify_signature)
from wire import JWK, PRIVATE_KEY, Agent, get_json, message, say, serve

port, me, issuer, scope, mode = int(sys.argv[1]), *sys.argv[2:6]
after = sys.argv[6] if len(sys.argv) > 6 else None
scheme = sys.argv[7] if len(sys.argv) > 7 else "jwks"


def key_set(party, *_):
    document = "aauth-issuer" if party == issuer else "aauth-agent"
    return get_json(get_json(f"{party}/.well-known/{document}")["jwks_uri"])


def is_verified(fields, key):
    try:
        # As the published agents do: without the body.
        return bool(key) and verify_signature(
            "POST", f"{me}/", fields, None, fields["signature-input"], fields["signature"], key, jwks_fetcher=key_set)
    except Exception as error:
        say(error=str(error))
        return False


def challenge(named):
    """What a caller without a token is answered. The published resources make a resource token for a key without a name, too."""
    agent = named.get("id", "unknown-agent")
    [signed_with] = [jwk for jwk in key_set(agent)["keys"] if jwk["kid"] == named["kid"]] if "id" in named else [named]
    resource_token = create_resource_token(
        me, issuer, agent, calculate_jwk_thumbprint(signed_with), scope, PRIVATE_KEY, JWK["kid"])
    header = build_agent_auth_challenge(require_auth_token=True, resource_token=resource_token, auth_server=issuer)
    return 401, {"Agent-Auth": header}, {"error": "authorization_required"}


def answer(headers, body):
    fields = {name.lower(): value for name, value in headers.items()}
    key = fields.get("signature-key", "")
    claim = parse_signature_key(key) if key else {"scheme": None, "params": {}}
    verified = is_verified(fields, key)
    covered = re.findall(r'"([^"]+)"', fields.get("signature-input", ""))
    token = claim["params"].get("jwt")
    claims = jwt.decode(token, options={"verify_signature": False}) if token else {}
    is_for_us = claims.get("aud") == me and claims.get("iss") == issuer
    say(verified=verified, scheme=claim["scheme"], covered=covered, act=claims.get("act"))
    if mode == "signature-only" and not verified or token and not is_for_us:
        return 401, {"Agent-Auth": "httpsig"}, {"error": "invalid_signature"}
    if mode != "signature-only" and not token:
        return challenge(claim["params"])
    text = "# Report\n\nWritten in Python."
    if after:
        agent = Agent(me, scheme)
        status, _, _ = agent.ask(after, "market analysis", upstream=token if mode == "user-delegated" else None)
        text += f"\n\nThe next agent answered {status}."
    return 200, {}, {"jsonrpc": "2.0", "id": json.loads(body)["id"], "result": message("agent", text)}


serve(port, {
    "/.well-known/aauth-resource": {"resource": me, "jwks_uri": f"{me}/jwks.json"},
    "/.well-known/aauth-agent": {"agent": me, "jwks_uri": f"{me}/jwks.json"},
    "/jwks.json": {"keys": [JWK]},
}, answer)
say(ready=True)
signal.pause()
