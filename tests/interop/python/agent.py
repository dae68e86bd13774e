"""An agent as the published demo's: signs with the published library, covers no body, follows a challenge to the auth server.

    python agent.py PORT RESOURCE SCHEME [other-key]

Prints a line for each answer: `{"step", "status", "code"}`. With `other-key` it signs with a key that it does not publish.
"""

import json
import sys
import urllib.parse

from aauth import generate_ed25519_keypair, parse_agent_auth_header, sign_request
from wire import JWK, PRIVATE_KEY, get_json, post, say, serve

port, resource, scheme = int(sys.argv[1]), sys.argv[2], sys.argv[3]
key = generate_ed25519_keypair()[0] if "other-key" in sys.argv else PRIVATE_KEY
me = f"http://python-agent.localhost:{port}"
serve(port, {
    "/.well-known/aauth-agent": {"agent": me, "jwks_uri": f"{me}/jwks.json"},
    "/jwks.json": {"keys": [JWK]},
})
named = {"hwk": {}, "jwks": {"id": me, "kid": JWK["kid"]}}[scheme]
message = {
    "role": "user", "kind": "message", "messageId": "1",
    "parts": [{"kind": "text", "text": "optimize laptop supply chain"}],
}
ask = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": message}}).encode()


def send(step, url, body, content_type, scheme, named):
    headers = {"Content-Type": content_type}
    # The published agents sign as if there were no body, too.
    headers.update(sign_request("POST", url, headers, None, key, sig_scheme=scheme, **named))
    status, answered, text = post(url, body, headers)
    say(step=step, status=status, code=answered.get("aauth-refusal"), text=text[:200])
    return status, answered, text


status, answered, _ = send("first", resource + "/", ask, "application/json", scheme, named)
challenge = parse_agent_auth_header(answered["Agent-Auth"]) if answered.get("Agent-Auth") else {}
if status == 401 and challenge.get("resource_token"):
    issuer = challenge["auth_server"]
    endpoint = get_json(f"{issuer}/.well-known/aauth-issuer")["agent_token_endpoint"]
    form = urllib.parse.urlencode({
        "request_type": "auth", "resource_token": challenge["resource_token"], "redirect_uri": f"{me}/callback",
    }).encode()
    status, _, text = send("token", endpoint, form, "application/x-www-form-urlencoded", "jwks",
                           {"id": me, "kid": JWK["kid"]})
    if status == 200:
        token = json.loads(text)["auth_token"]
        send("again", resource + "/", ask, "application/json", "jwt", {"jwt": token})
say(step="end")
