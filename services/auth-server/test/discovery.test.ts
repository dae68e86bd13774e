import { AAuthVerificationError, decodeToken, generateSigningKey } from "aauth";
import { expect, test, vi } from "vitest";
import { recordingLogger } from "./support/auth-server.ts";
import { BACKEND, createParties, expectRefusal, SUPPLY_CHAIN } from "./support/parties.ts";

const IMPOSTOR = "http://impostor.localhost:8001";

test.each([
  ["an address in a network", "http://10.0.0.1:8080", "discovery_blocked", "address refused"],
  ["a host without documents", "http://nobody.localhost:1", "discovery_failed", "no aauth-agent document"],
  ["a document of another", IMPOSTOR, "metadata_mismatch", `is "${BACKEND}", not the requested ${IMPOSTOR}`],
])("A20: %s is one answer outside, and its reason in the log", async (_what, agent, code, reason) => {
  const { logger, lines } = recordingLogger();
  const parties = await createParties({
    logger,
    documents: { [`${IMPOSTOR}/.well-known/aauth-agent`]: { agent: BACKEND } },
  });
  const key = await generateSigningKey({ kid: "k1" });
  const reply = await parties.request({ request_type: "auth" }, { agent, key });
  expectRefusal(reply, 401, "invalid_signature", { code: "discovery_failed" });
  expect(reply.body.error_description).toBe(
    "the documents of a party that the message names could not be read",
  );
  const refused = lines
    .map((line) => JSON.parse(line))
    .find(({ code: said }) => said === "invalid_signature");
  expect(refused).toMatchObject({ check: code, cause: expect.stringContaining(agent) });
  expect(refused.cause).toContain(reason);
});

test("A2: where too many documents are being fetched already, a token request may be made again", async () => {
  const parties = await createParties();
  const busy = new AAuthVerificationError(
    "discovery_busy",
    "too many documents are being fetched; try again",
  );
  const { key } = parties.discovery;
  const spy = vi.spyOn(parties.discovery, "key");
  const resource_token = await parties.resourceToken();
  expect(decodeToken(resource_token).claims.iss).toBe(SUPPLY_CHAIN);
  for (const kind of ["agent", "resource"]) {
    spy.mockImplementation((asked, ...whose) =>
      asked.name === kind ? Promise.reject(busy) : key(asked, ...whose),
    );
    const reply = await parties.request({ request_type: "auth", resource_token });
    expectRefusal(reply, 503, "temporarily_unavailable", { code: "discovery_busy" });
  }
});
