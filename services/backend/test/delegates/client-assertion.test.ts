import { createMemoryStores } from "aauth";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { expect, test } from "vitest";
import { createDelegateAuthentication } from "../../src/delegates/client-assertion.ts";

const ENDPOINT = "http://backend.localhost:8000/delegate/token";
const NOW = 1_730_217_600;

test("A9: one delegate's assertions leave another delegate's quota unchanged, and all are remembered", async () => {
  const { privateKey, publicKey } = await generateKeyPair("EdDSA");
  const { x } = await exportJWK(publicKey);
  const jwk = { kty: "OKP", crv: "Ed25519", x: String(x) } as const;
  const authenticate = createDelegateAuthentication({
    enrolments: { find: async (sub) => ({ sub, jwk }), list: async () => [] },
    endpoint: ENDPOINT,
    usedAssertions: createMemoryStores({ now: () => NOW }).claims("test", { maxEntries: 8 }),
    now: () => NOW,
  });
  const assertion = (sub: string, jti: string) =>
    new SignJWT({ jti, cnf: { jkt: "t" } })
      .setProtectedHeader({ alg: "EdDSA", typ: "client-authentication+jwt" })
      .setIssuer(sub)
      .setSubject(sub)
      .setAudience(ENDPOINT)
      .setIssuedAt(NOW)
      .setExpirationTime(NOW + 60)
      .sign(privateKey);
  const use = async (sub: string, jti: string) =>
    authenticate(await assertion(sub, jti), { thumbprint: "t" }).then(
      () => "accepted",
      ({ message }: Error) => message,
    );
  for (const jti of ["1", "2", "3"]) expect(await use("greedy", jti)).toBe("accepted");
  expect(await use("greedy", "4")).toBe("the delegate has used too many assertions in a minute");
  expect(await use("patient", "1")).toBe("accepted");
  expect(await use("greedy", "1")).toBe("the assertion has been used before");
});
