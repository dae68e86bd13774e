import { createTestClock } from "../../src/testing/test-clock.ts";
import { authToken, keys, NOW, PERSON_SERVER, personToken, requestOf, verifierOf } from "../draft-11/kit.ts";

export const clockOf = () => createTestClock(NOW);

/** The resource's verifier without an access server, on a test clock. */
export const resourceVerifier = (now: () => number) => verifierOf({ now, personServers: [PERSON_SERVER] });

type Sign = NonNullable<Parameters<typeof requestOf>[0]>;

/** Requests with a token. */
export const showing = async (jwt: string, over: Sign) =>
  requestOf({ signatureKey: { scheme: "jwt", jwt }, ...over });

/** An auth token of the person server itself: three parties. */
export const ownAuthToken = (over: Parameters<typeof authToken>[0] = {}) =>
  authToken({ key: keys.person, issuer: PERSON_SERVER, ...over });

export { personToken };
