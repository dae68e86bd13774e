"""What the programs share: who is who, where they are, and the facts they print.

The environment's PARTIES has the origin of each party by its identifier: {"https://ps.example": "http://127.0.0.1:4711"}.
"""

import base64
import hashlib
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from unittest.mock import patch

PARTIES = json.loads(os.environ.get("PARTIES", "{}"))
AGENT, PS, AS, RESOURCE = (f"https://{name}.example" for name in ("agent", "ps", "as", "resource"))


def seed(name):
    """The same private key in every program of a run, and in every run."""
    return hashlib.sha256(f"interop-{name}".encode()).digest()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def say(**fact):
    """One line of JSON for the test."""
    print(json.dumps(fact), flush=True)


def port_of(party):
    return int(PARTIES[party].rsplit(":", 1)[1])


def mapped(httpx):
    """A transport of either httpx that connects to where a party is. `Host` stays what was signed."""

    class Mapped(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request):
            there = PARTIES.get(f"https://{request.url.host}")
            if there is None:
                raise httpx.ConnectError(f"no party {request.url.host}")
            target = httpx.URL(there)
            request.url = request.url.copy_with(scheme="http", host=target.host, port=target.port)
            return await super().handle_async_request(request)

    return Mapped()


def serve(party, answer):
    """Gives each request to `answer(method, target, headers, body)`, which returns status, headers and body."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            # A field on several lines is one value.
            fields = {name.lower(): ", ".join(self.headers.get_all(name)) for name in self.headers}
            body = self.rfile.read(int(fields.get("content-length", "0")))
            status, headers, content = answer(self.command, self.path, fields, body)
            text = json.dumps(content).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", port_of(party)), Handler)
    Thread(target=server.serve_forever, daemon=True).start()


def exchange(sign, verify):
    """Signs and verifies, a message a line: JSON in, JSON out. The first line has the documents of the issuers, by URL."""
    documents = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        asked = json.loads(line)
        body = base64.b64decode(asked["body"]) if asked.get("body") else None
        message = asked["method"], asked["url"], asked["headers"], body
        if asked["do"] == "sign":
            # The asker's clock, for messages that are the same in each run.
            with patch("time.time", lambda: asked["created"]):
                say(**sign(*message, asked.get("token")))
        else:
            say(**verify(documents, *message))


def documents_transport(httpx, documents):
    """A transport of either httpx that has the documents, and reaches nothing."""

    def answer(request):
        document = documents.get(str(request.url))
        return httpx.Response(200, json=document) if document else httpx.Response(404)

    return httpx.MockTransport(answer)
