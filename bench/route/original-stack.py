"""One echo behind the gate of the original demo's stack, for route.ts: FastAPI on uvicorn, with the AAuth library for Python.

Arguments: port, address that the requests are signed for. Needs fastapi, uvicorn[standard] and aauth.
"""

import json
import sys

import uvicorn
from aauth.signing.verifier import verify_signature
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

PORT, TARGET = int(sys.argv[1]), sys.argv[2]
app = FastAPI()


@app.post("/hwk")
async def echo(request: Request) -> JSONResponse:
    body = await request.body()
    headers = dict(request.headers)
    is_valid = verify_signature(
        method="POST",
        target_uri=TARGET,
        headers=headers,
        body=body,
        signature_input_header=headers.get("signature-input"),
        signature_header=headers.get("signature"),
        signature_key_header=headers.get("signature-key"),
    )
    if not is_valid:
        return JSONResponse({"error": "invalid_signature"}, status_code=401)
    return JSONResponse(json.loads(body))


uvicorn.run(app, host="127.0.0.1", port=PORT, loop="uvloop", http="httptools", access_log=False, log_level="warning")
