"""Signs with the library `aauth`, a message a line; see `exchange`."""

from aauth.agent.signer import AgentRequestSigner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from wire import exchange, seed

signer = AgentRequestSigner(Ed25519PrivateKey.from_private_bytes(seed("agent")))


def signed(method, url, headers, body, token):
    covered = ["content-digest", "content-type"] if body else []
    # It writes the fields that it covers into what it is given.
    made = signer.sign_request(method, url, headers, body, token=token, additional_signature_components=covered)
    return {name.lower(): value for name, value in {**headers, **made}.items()}


exchange(signed, None)
