"""Signs and verifies with the published library, a message a line: JSON in, JSON out."""

import json
import sys

from aauth import sign_request, verify_signature
from wire import JWK, PRIVATE_KEY

for line in sys.stdin:
    asked = json.loads(line)
    method, url, headers = asked["method"], asked["url"], asked["headers"]
    if asked["do"] == "sign":
        signed = sign_request(method, url, headers, None, PRIVATE_KEY, sig_scheme="hwk")
        answer = {**headers, **signed}
    else:
        fields = [headers[name] for name in ("signature-input", "signature", "signature-key")]
        answer = verify_signature(method, url, headers, None, *fields)
    print(json.dumps(answer), flush=True)
