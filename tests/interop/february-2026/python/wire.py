"""What both programs share: one key, the documents about it, and names below localhost."""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from aauth import generate_ed25519_keypair, parse_agent_auth_header, public_key_to_jwk, sign_request

sys.path.append(f"{sys.path[0]}/site")
import localhost

PRIVATE_KEY, PUBLIC_KEY = generate_ed25519_keypair()
JWK = public_key_to_jwk(PUBLIC_KEY, kid="python-1")


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


def serve(port, documents, answer=None, arrive=None):
    """
    Serves the documents by path; what is posted goes to `answer(headers, body)`, which gives status, headers and body; the query with
    which a browser comes back goes to `arrive`.
    """

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
            if arrive and self.path.startswith("/callback?"):
                arrive(urllib.parse.parse_qs(self.path.split("?", 1)[1]))
                return self.reply(200, {}, {})
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


class Agent:
    """Signs and asks as the published agents do; says each answer: `{"step", "status", "code", "text"}`."""

    def __init__(self, me, scheme="jwks", key=PRIVATE_KEY, agent_token=None):
        """With `agent_token` it is a delegate of `me` that has this `key`."""
        self.me, self.key = me, key
        self.by_name = ("jwks", {"id": me, "kid": JWK["kid"]}) if agent_token is None else ("jwt", {"jwt": agent_token})
        self.credential = ("hwk", {}) if scheme == "hwk" else self.by_name
        # Of the last token that it was given.
        self.endpoint = self.refresh_token = None

    def send(self, step, url, body, content_type, credential):
        scheme, identity = credential
        headers = {"Content-Type": content_type}
        # The published agents sign as if there were no body.
        headers.update(sign_request("POST", url, headers, None, self.key, sig_scheme=scheme, **identity))
        status, answered, text = post(url, body, headers)
        say(step=step, status=status, code=answered.get("aauth-refusal"), text=text[:200])
        return status, answered, text

    def call(self, step, resource, text, credential):
        params = {"message": message("user", text)}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": params}).encode()
        return self.send(step, f"{resource}/", body, "application/json", credential)

    def obtain(self, step, form, credential=None):
        """A token from the auth server, or what it wants first. Empty where it refuses."""
        body = urllib.parse.urlencode(form).encode()
        status, _, text = self.send(
            step, self.endpoint, body, "application/x-www-form-urlencoded", credential or self.by_name)
        answer = json.loads(text) if status == 200 else {}
        self.refresh_token = answer.get("refresh_token", self.refresh_token)
        return answer

    def ask(self, resource, text, upstream=None, consent=None):
        """
        Follows the challenge of an agent: with a token of its own, or with one that is exchanged for `upstream`. Where the auth server
        has to ask a person, `consent(url)` gives the code that the person comes back with.
        """
        first = self.call("first", resource, text, self.credential)
        header = first[1].get("Agent-Auth")
        challenge = parse_agent_auth_header(header) if header else {}
        if first[0] != 401 or not challenge.get("resource_token"):
            return first
        server = get_json(f"{challenge['auth_server']}/.well-known/aauth-issuer")
        self.endpoint = server["agent_token_endpoint"]
        wanted = {"resource_token": challenge["resource_token"]}
        back = {"redirect_uri": f"{self.me}/callback"}
        if upstream is None:
            answer = self.obtain("token", {**wanted, **back, "request_type": "auth"})
        else:
            answer = self.obtain("token", {**wanted, "request_type": "exchange"}, ("jwt", {"jwt": upstream}))
        if "request_token" in answer and consent:
            query = urllib.parse.urlencode({"request_token": answer["request_token"], **back})
            code = consent(f"{server['agent_auth_endpoint']}?{query}")
            answer = self.obtain("code", {"request_type": "code", "code": code, **back})
        if "auth_token" not in answer:
            return first
        return self.call("again", resource, text, ("jwt", {"jwt": answer["auth_token"]}))
