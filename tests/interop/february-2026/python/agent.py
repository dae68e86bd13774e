"""An agent as the published demo's backend: signs with the published library, covers no body, follows a challenge to the auth server.

    python agent.py PORT RESOURCE SCHEME [other-key] [delegate] [refresh] [quiet]

Prints a line for each answer, and for the page that a person has to see: `{"consent": url}`. With `delegate` it signs with the key of an
agent token, with `other-key` with a key that is neither that nor published, with `refresh` it renews its token and calls again. It asks for a
market analysis, unless `quiet`.
"""

import sys
from queue import Queue

from aauth import create_agent_token, generate_ed25519_keypair, public_key_to_jwk
from wire import JWK, PRIVATE_KEY, Agent, say, serve

port, resource, scheme, options = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
me = f"http://backend.localhost:{port}"
arrived = Queue()
serve(port, {
    "/.well-known/aauth-agent": {"agent": me, "jwks_uri": f"{me}/jwks.json"},
    "/jwks.json": {"keys": [JWK]},
}, arrive=arrived.put)


def consent(url):
    say(consent=url)
    return arrived.get(timeout=30)["code"][0]


key, agent_token = PRIVATE_KEY, None
if "delegate" in options:
    key, public_key = generate_ed25519_keypair()
    own = public_key_to_jwk(public_key, kid="delegate-1")
    agent_token = create_agent_token(me, "worker-1", own, PRIVATE_KEY, JWK["kid"])
if "other-key" in options:
    key, _ = generate_ed25519_keypair()
agent = Agent(me, scheme, key, agent_token)
prompt = "optimize laptop supply chain" + ("" if "quiet" in options else " and perform market analysis")
agent.ask(resource, prompt, consent=consent)
if "refresh" in options:
    renewed = agent.obtain("refresh", {"request_type": "refresh", "refresh_token": agent.refresh_token})
    agent.call("renewed", resource, prompt, ("jwt", {"jwt": renewed["auth_token"]}))
say(step="end")
