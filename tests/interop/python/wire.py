"""What both programs share: one key, the documents about it, and names below localhost."""

import json
import socket
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from aauth import generate_ed25519_keypair, public_key_to_jwk

PRIVATE_KEY, PUBLIC_KEY = generate_ed25519_keypair()
JWK = public_key_to_jwk(PUBLIC_KEY, kid="python-1")

_resolve = socket.getaddrinfo


def _below_localhost(host, *rest, **named):
    """Not every system knows that names below localhost are this machine."""
    return _resolve("127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **named)


socket.getaddrinfo = _below_localhost


def say(**fact):
    """One line of JSON for the test."""
    print(json.dumps(fact), flush=True)


def get_json(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def post(url, body, headers):
    """Status, headers and text, whatever the status."""
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, refused.read().decode()


def serve(port, documents, answer=None):
    """Serves the documents by path; what is posted goes to `answer(headers, body)`, which gives status, headers and body."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def reply(self, status, headers, body):
            text = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self):
            document = documents.get(self.path)
            self.reply(200 if document else 404, {}, document or {})

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.reply(*answer(self.headers, body))

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server
