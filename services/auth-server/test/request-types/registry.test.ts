/** A request type is one file and one line of the registry: nothing else knows its name. */
import { expect, test } from "vitest";
import { requiredParameter } from "../../src/parameters.ts";
import { REQUEST_TYPES } from "../../src/request-types/registry.ts";
import type { RequestType } from "../../src/request-types/request-type.ts";
import { BACKEND, createParties, expectRefusal, SUPPLY_CHAIN } from "../support/parties.ts";

const echo: RequestType = {
  name: "echo",
  answer: async ({ form, requester }) => ({ agent: requester.agent, said: requiredParameter(form, "say") }),
};
const requestTypes = [...REQUEST_TYPES, echo];

test("a registered type is answered, published and refused like the others", async () => {
  const { request, server } = await createParties({ requestTypes });
  const reply = await request({ request_type: "echo", say: "hello" });
  expect([reply.status, reply.body]).toEqual([200, { agent: BACKEND, said: "hello" }]);
  expect(reply.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
  const document = await server.app.inject("/realms/aauth-test/.well-known/aauth-issuer");
  expect(document.json().request_types_supported).toEqual(["auth", "code", "refresh", "exchange", "echo"]);
  expectRefusal(
    await request({ request_type: "echo" }),
    400,
    "invalid_request",
    "Missing required parameter: say",
  );
});

test("it comes after the checks of every request: signature, form, policy", async () => {
  const { request } = await createParties({
    requestTypes,
    attributes: { "aauth.blocked.agents": JSON.stringify([SUPPLY_CHAIN]) },
  });
  const form = { request_type: "echo", say: "hello" };
  const forged = await request(form, { sentBody: "request_type=echo&say=other" });
  expectRefusal(forged, 401, "invalid_signature", { code: "digest_mismatch" });
  const twice = await request("request_type=echo&say=a&say=b");
  expectRefusal(twice, 400, "invalid_request", "duplicated parameter: say");
  const blocked = await request(form, { agent: SUPPLY_CHAIN });
  expectRefusal(blocked, 403, "access_denied", "Agent is not allowed by policy");
});

test("a type that is not registered is unsupported", async () => {
  const { request } = await createParties();
  const reply = await request({ request_type: "echo", say: "hello" });
  expectRefusal(reply, 400, "unsupported_grant_type", "Unsupported request_type: echo");
});
