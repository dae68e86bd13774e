import { expect, test } from "vitest";
import type { AAuthEvent } from "../../src/profile/events.ts";
import { ANY_AGENT, personToken, requestOf, verifierOf } from "../draft-11/kit.ts";

const shown = (event: AAuthEvent) => {
  if (event.type === "request_verified") return [event.type, event.verified.caller.level, event.requirement];
  return event.type === "request_refused" ? [event.type, event.error.code, event.requirement] : [event.type];
};

test("receives each verdict once, with the requirement and the request", async () => {
  const seen: unknown[] = [];
  const verifier = verifierOf({
    observer: (event, request) => seen.push([...shown(event), request?.target]),
  });
  await verifier.verifyRequest(await requestOf(), ANY_AGENT);
  await verifier.verifyRequest(await requestOf());
  const unsigned = { ...(await requestOf()), headers: {} };
  await verifier.verifyRequest(unsigned, ANY_AGENT).catch(() => "refused");
  const person = await requestOf({ signatureKey: { scheme: "jwt", jwt: await personToken() } });
  await verifier.verifyRequest(person, ANY_AGENT).catch(() => "refused");
  const changed = { ...(await requestOf({ body: "{}" })), body: new Uint8Array(1) };
  await verifier.verifyRequest(changed, ANY_AGENT).catch(() => "refused");
  expect(seen).toEqual([
    ["request_verified", "agent-token", ANY_AGENT, "/data"],
    ["request_verified", "agent-token", undefined, "/data"],
    ["request_refused", "missing_signature", ANY_AGENT, "/data"],
    ["request_refused", "token_type_mismatch", ANY_AGENT, "/data"],
    ["request_refused", "digest_mismatch", ANY_AGENT, "/data"],
  ]);
});
