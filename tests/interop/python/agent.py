"""An agent as the published demo's: signs with the published library, covers no body, follows a challenge to the auth server.

    python agent.py PORT RESOURCE SCHEME [other-key]

Prints a line for each answer: `{"step", "status", "code"}`. With `other-key` it signs with a key that it does not publish. The variable
AGENT_NAME is its name below localhost, by default `python-agent`.
"""

import os
import sys

from aauth import generate_ed25519_keypair
from wire import JWK, PRIVATE_KEY, ask, say, serve

port, resource, scheme = int(sys.argv[1]), sys.argv[2], sys.argv[3]
me = f"http://{os.environ.get('AGENT_NAME', 'python-agent')}.localhost:{port}"
serve(port, {
    "/.well-known/aauth-agent": {"agent": me, "jwks_uri": f"{me}/jwks.json"},
    "/jwks.json": {"keys": [JWK]},
})
key = generate_ed25519_keypair()[0] if "other-key" in sys.argv else PRIVATE_KEY
ask(me, resource, "optimize laptop supply chain", scheme, key)
say(step="end")
