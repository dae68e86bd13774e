import { expect, test } from "vitest";
import { SELF, startStack } from "./stack.ts";

/** Message lines of the log, without their fields. */
const linesOf = (log: string) =>
  log
    .split("\n")
    .filter((line) => !line.startsWith("DEBUG") && line !== "")
    .map((line) =>
      line.replace(/ (code=|scheme=[a-z]+ thumbprint|scheme=[a-z]+$|scope=|kind=|agent=|id=).*/, ""),
    );

const SEEN = [
  "INFO:http_headers_middleware:🔐 AAuth signature headers detected: signature, signature-key, signature-input",
  `INFO:aauth.signing:🔐 VERIFYING with: method=POST, target_uri=${SELF}/`,
];

test("a signature is enough", async () => {
  const stack = await startStack({ AAUTH_AUTHORIZATION_SCHEME: "signature-only" });
  await stack.call({});
  expect(linesOf(stack.log())).toEqual([
    ...SEEN,
    "INFO:aauth.signing:✅ AAuth signature verification successful",
    "INFO:agent_executor:🔐 Accepting request with valid signature (signature-only mode, scheme=jwks)",
    "INFO:agent_executor:analysing the market",
  ]);
});

test("challenge, then token", async () => {
  const stack = await startStack();
  await stack.call({});
  const jwt = await stack.issueAuthToken({ audience: SELF, scope: "market-analysis:analyze" });
  await stack.call({ signatureKey: { scheme: "jwt", jwt } });
  expect(linesOf(stack.log())).toEqual([
    ...SEEN,
    "INFO:aauth.signing:✅ AAuth signature verification successful",
    "INFO:agent_executor:🔐 Authorization required: auth_token missing or invalid",
    "INFO:resource_token_service:🔐 Issuing resource_token",
    "INFO:agent_executor:🔐 Returning 401 with Agent-Auth header",
    ...SEEN,
    "INFO:aauth.signing:✅ AAuth signature verification successful",
    "INFO:aauth.tokens:🔐 Received auth_token in request (HTTPSig scheme=jwt)",
    "INFO:aauth.tokens:✅ Auth token verified successfully",
    "INFO:agent_executor:✅ Authorization successful: auth_token verified for agent: http://backend.localhost:8000",
    "INFO:agent_executor:analysing the market",
  ]);
});
