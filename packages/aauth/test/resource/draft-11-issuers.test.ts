/**
 * Whose person tokens and auth tokens count at a resource (draft -11, sections 7.1.4 and 9.4.3).
 */

import { expect, test } from "vitest";
import {
  ACCESS_SERVER,
  authToken,
  PERSON_SERVER,
  personToken,
  refusal,
  requestOf,
  verifierOf,
} from "../draft-11/kit.ts";
import { ownAuthToken } from "./draft-11-kit.ts";

const PERSON_OR_MORE = { level: "person-token" } as const;
const requestWith = (jwt: string) => requestOf({ signatureKey: { scheme: "jwt", jwt } });

test("beside an access server no other party authorizes", async () => {
  const verifier = verifierOf({ trustedIssuers: [PERSON_SERVER], accessServer: ACCESS_SERVER });
  for (const token of [await personToken(), await authToken()]) {
    await verifier.verifyRequest(await requestWith(token), PERSON_OR_MORE);
  }
  const error = await refusal(verifier, await requestWith(await ownAuthToken()), PERSON_OR_MORE);
  expect(error.code).toBe("untrusted_issuer");
});

test("without one a person server authorizes, and an access server does not", async () => {
  const verifier = verifierOf({ trustedIssuers: [PERSON_SERVER] });
  await verifier.verifyRequest(await requestWith(await ownAuthToken()), PERSON_OR_MORE);
  const error = await refusal(verifier, await requestWith(await authToken()), PERSON_OR_MORE);
  expect(error.code).toBe("untrusted_issuer");
});

test("an access server is named by its identifier", () => {
  expect(() => verifierOf({ accessServer: "https://as.example/" })).toThrow(TypeError);
});

test("a verifier is for an endpoint that the profile has rules for", () => {
  expect(() => verifierOf({ endpoint: "teapot" as never })).toThrow("has no rules for teapot");
});
