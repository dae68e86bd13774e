"""introspection-aauth's person server and access server.

    python servers.py

The person server asks a person for each mission, who agrees a moment later. The access server refuses the scope `data.refused`, lets
`data.waiting` wait for a decision, and allows the rest. Prints a line for each request: `{"party", "method", "path", "status", "code"}`.
"""

import asyncio
import json

import httpx2
import uvicorn
from fastapi import FastAPI, Request
from introspection_aauth.access_server import AccessServer, Verdict
from introspection_aauth.fastapi import access_server_router, person_server_router
from introspection_aauth.person_server import MemoryStore, PersonServer
from introspection_aauth.person_server.models import ApprovalStatus
from introspection_aauth.protocol import SigningKey
from wire import AGENT, AS, PS, RESOURCE, mapped, port_of, say, seed

TENANT = "acme"
MOMENT = 0.2
later = set()


def soon(decision):
    """Keeps a decision that is taken after the 202 has been answered."""

    async def wait():
        await asyncio.sleep(MOMENT)
        await decision()

    task = asyncio.ensure_future(wait())
    later.add(task)
    task.add_done_callback(later.discard)


async def agree(tenant, approval):
    soon(lambda: person_server.decide(tenant, approval.id, ApprovalStatus.APPROVED, decided_by="dana"))


async def agree_access(waiting):
    soon(lambda: access_server.decide(waiting.id, True, decided_by="warehouse"))


def policy(request):
    if request.scope == "data.refused":
        return Verdict.deny("not this person")
    return Verdict.approval() if request.scope == "data.waiting" else Verdict.allow()


http = httpx2.AsyncClient(transport=mapped(httpx2), timeout=10)
person_server = PersonServer(
    PS, SigningKey.from_seed(seed("ps")), MemoryStore(), subject_secret=seed("subjects"), agent_providers=[AGENT], http=http,
    endpoint_base=f"{PS}/aauth", default_tenant=TENANT, on_approval=agree, retry_after=1)
access_server = AccessServer(
    AS, SigningKey.from_seed(seed("as")), policy, resources=[RESOURCE], person_servers=[PS], agent_providers=[AGENT], http=http,
    endpoint_base=f"{AS}/aauth", on_pending=agree_access, retry_after=1)


def app(party, router):
    served = FastAPI()
    served.include_router(router)

    @served.middleware("http")
    async def facts(request: Request, following):
        answer = await following(request)
        content = b"".join([part async for part in answer.body_iterator])

        async def again():
            yield content

        answer.body_iterator = again()
        if not request.url.path.startswith("/.well-known/"):
            found = json.loads(content) if answer.headers.get("content-type", "").endswith("json") and content else {}
            say(party=party, method=request.method, path=request.url.path, status=answer.status_code,
                code=found.get("error"), detail=found.get("detail"))
        return answer

    return served


async def main():
    servers = [
        uvicorn.Server(uvicorn.Config(app(party, router), host="127.0.0.1", port=port_of(party), log_level="warning"))
        for party, router in ((PS, person_server_router(person_server)), (AS, access_server_router(access_server)))
    ]
    running = [asyncio.ensure_future(server.serve()) for server in servers]
    while not all(server.started for server in servers):
        await asyncio.sleep(0.02)
    say(ready=True)
    await asyncio.gather(*running)


asyncio.run(main())
