"""Signs and verifies with introspection-aauth, a message a line; see `exchange`. A message without a token is the person server's."""

import asyncio
import time

import httpx2
from introspection_aauth.protocol import Discovery, SignedRequest, SigningKey, Unauthorized, verify_agent, verify_server
from introspection_aauth.protocol.claims import PERSON_DWK
from introspection_aauth.protocol.httpsig.signing import jwks_uri_key, jwt_key, sign, signature_scheme
from wire import AGENT, PS, documents_transport, exchange, seed

agent, server = SigningKey.from_seed(seed("agent")), SigningKey.from_seed(seed("ps"))


def signed(method, url, headers, body, token):
    key, named = (agent, jwt_key(token)) if token else (server, jwks_uri_key(PS, PERSON_DWK, "ps-1"))
    content_type = headers.get("content-type", "application/json")
    return headers | sign(key, named, method, url, body=body, content_type=content_type, created=int(time.time()))


async def judge(documents, method, url, headers, body):
    request = SignedRequest(method, url, headers, body)
    async with httpx2.AsyncClient(transport=documents_transport(httpx2, documents)) as http:
        now = int(time.time())
        if signature_scheme(headers.get("signature-key", "")) == "jwks_uri":
            return await verify_server(request, Discovery(http), {PS}, PERSON_DWK, now)
        return (await verify_agent(request, Discovery(http), {AGENT}, now)).id


def verified(*message):
    try:
        return {"verified": asyncio.run(judge(*message))}
    except Unauthorized as refused:
        return {"code": refused.error, "detail": refused.detail}


exchange(signed, verified)
