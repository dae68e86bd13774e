"""Signs and verifies with regent-httpsig, a message a line; see `exchange`. A message without a token is the person server's."""

import asyncio

import httpx
from regent_httpsig import EgressSigner, HttpsigConfig, HttpsigVerifier, ServerSigner
from wire import AGENT, AS, PS, RESOURCE, base64url, documents_transport, exchange, seed

agent = EgressSigner(seed=base64url(seed("agent")), signature_agent=AGENT)
server = ServerSigner(seed=base64url(seed("ps")), server_id=PS, dwk="aauth-person.json", kid="ps-1")
# Which hosts are looked up is decided by the transport below.
hosts = frozenset(party.removeprefix("https://") for party in (AGENT, PS, AS, RESOURCE))
config = HttpsigConfig(resource_url=RESOURCE, trusted_ps={PS: "", AS: ""}, insecure_hosts=hosts)


def signed(method, url, headers, body, token):
    return agent.sign_aauth(method, url, headers, token=token, body=body) if token else server.sign(method, url, headers, body=body)


async def judge(documents, *message):
    async with httpx.AsyncClient(transport=documents_transport(httpx, documents)) as http:
        return await HttpsigVerifier(config, http_client=http).verify_detailed(*message)


def verified(*message):
    result = asyncio.run(judge(*message))
    if result is None:
        return {"code": "unsigned"}
    return {"verified": result.sub or result.agent} if hasattr(result, "claims") else {"code": result.code, "detail": result.detail}


exchange(signed, verified)
