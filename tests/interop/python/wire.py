"""What both programs share: one key, the documents about it, and names below localhost."""

import json
import socket
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from aauth import generate_ed25519_keypair, parse_agent_auth_header, public_key_to_jwk, sign_request

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


def message(role, text):
    """A message of A2A 0.3."""
    return {"role": role, "kind": "message", "messageId": "1", "parts": [{"kind": "text", "text": text}]}


def ask(me, resource, text, scheme="jwks", key=PRIVATE_KEY, upstream=None):
    """Asks an agent, and follows its challenge: with a token of its own, or with one that is exchanged for `upstream`."""
    params = {"message": message("user", text)}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": params}).encode()
    named = {"id": me, "kid": JWK["kid"]}

    def send(step, url, body, content_type, scheme, identity):
        headers = {"Content-Type": content_type}
        # The published agents sign as if there were no body.
        headers.update(sign_request("POST", url, headers, None, key, sig_scheme=scheme, **identity))
        status, answered, text = post(url, body, headers)
        say(step=step, status=status, code=answered.get("aauth-refusal"), text=text[:200])
        return status, answered, text

    first = send("first", f"{resource}/", body, "application/json", scheme, named if scheme == "jwks" else {})
    challenge = parse_agent_auth_header(first[1]["Agent-Auth"]) if first[1].get("Agent-Auth") else {}
    if first[0] != 401 or not challenge.get("resource_token"):
        return first
    endpoint = get_json(f"{challenge['auth_server']}/.well-known/aauth-issuer")["agent_token_endpoint"]
    wanted = {"resource_token": challenge["resource_token"]}
    if upstream is None:
        form = {**wanted, "request_type": "auth", "redirect_uri": f"{me}/callback"}
        credential = "jwks", named
    else:
        form = {**wanted, "request_type": "exchange"}
        credential = "jwt", {"jwt": upstream}
    encoded = urllib.parse.urlencode(form).encode()
    token = send("token", endpoint, encoded, "application/x-www-form-urlencoded", *credential)
    if token[0] != 200:
        return token
    return send("again", f"{resource}/", body, "application/json", "jwt", {"jwt": json.loads(token[2])["auth_token"]})
