import { createHmac, createPublicKey } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  createLocalJWKSet,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type JWTPayload,
  SignJWT,
} from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createUserTokenVerifier,
  UserKeysUnavailableError,
  UserTokenError,
} from "../../src/users/user-token.ts";

const ISSUER = "http://localhost:8080/realms/aauth-test";
const NOW = 1_730_217_600;

const realm = await generateKeyPair("RS256", { extractable: true });
const stranger = await generateKeyPair("RS256");
const keys = createLocalJWKSet({
  keys: [{ ...(await exportJWK(realm.publicKey)), kid: "realm", alg: "RS256", use: "sig" }],
});
const verify = createUserTokenVerifier({ issuer: ISSUER, clientId: "supply-chain-ui", now: () => NOW, keys });

const CLAIMS = {
  exp: NOW + 300,
  iat: NOW,
  iss: ISSUER,
  aud: "account",
  sub: "user-1",
  typ: "Bearer",
  azp: "supply-chain-ui",
  preferred_username: "mcp-user",
  email: "mcp@user.com",
  realm_access: { roles: ["offline_access", "default-roles-aauth-test", "planner", "admin"] },
};

function token(
  claims: Record<string, unknown> = {},
  options: { typ?: string; key?: CryptoKey; alg?: string } = {},
): Promise<string> {
  return new SignJWT({ ...CLAIMS, ...claims } as JWTPayload)
    .setProtectedHeader({ alg: options.alg ?? "RS256", kid: "realm", typ: options.typ ?? "JWT" })
    .sign(options.key ?? realm.privateKey);
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a user token", () => {
  it("of this realm, made for this client, names its user", async () => {
    await expect(verify(await token())).resolves.toEqual({
      id: "user-1",
      username: "mcp-user",
      email: "mcp@user.com",
      role: "planner",
    });
  });

  it("may name the client as audience instead of azp, and lack a profile", async () => {
    const minimal = { aud: ["supply-chain-ui", "account"], azp: undefined, preferred_username: undefined };
    await expect(
      verify(await token({ ...minimal, email: undefined, realm_access: undefined })),
    ).resolves.toEqual({
      id: "user-1",
      username: "user-1",
      email: "",
      role: "User",
    });
  });

  it("may be issued 5 s ahead of the backend's clock", async () => {
    await expect(verify(await token({ iat: NOW + 5 }))).resolves.toMatchObject({ id: "user-1" });
  });

  // B1: the demo accepted every token that the realm had signed.
  describe("B1: is refused when", () => {
    it.each<[string, Record<string, unknown>, { typ?: string }?]>([
      ["it is an auth token (auth+jwt)", {}, { typ: "auth+jwt" }],
      ["it is a refresh token (refresh+jwt)", {}, { typ: "refresh+jwt" }],
      ["its header has no typ", {}, { typ: "" }],
      ["it is Keycloak's refresh token, whose header says JWT", { typ: "Refresh" }],
      ["it is an ID token", { typ: "ID", aud: "supply-chain-ui" }],
      ["it has no payload typ", { typ: undefined }],
      ["it was made for another client", { azp: "other-ui" }],
      ["it names no client", { azp: undefined, aud: undefined }],
      ["its client only begins like ours", { azp: "supply-chain-ui-2" }],
      ["it was issued by another realm", { iss: "http://localhost:8080/realms/master" }],
      ["its issuer only begins like ours", { iss: `${ISSUER}/` }],
      ["it has no exp", { exp: undefined }],
      ["it expires this second", { exp: NOW }],
      ["it is not valid yet", { nbf: NOW + 1 }],
      ["it was issued 6 s in the future", { iat: NOW + 6 }],
      ["it has no iat", { iat: undefined }],
      ["it has no sub", { sub: undefined }],
      ["its sub is empty", { sub: "" }],
      ["it is bound to a key", { cnf: { jwk: { kty: "OKP" } } }],
    ])("%s", async (_name, claims, options) => {
      await expect(verify(await token(claims, options))).rejects.toThrow(UserTokenError);
    });

    it("its signature is another key's", async () => {
      await expect(verify(await token({}, { key: stranger.privateKey }))).rejects.toThrow(UserTokenError);
    });

    it(`its alg is "none"`, async () => {
      const unsigned = `${part({ alg: "none", typ: "JWT", kid: "realm" })}.${part(CLAIMS)}.`;
      await expect(verify(unsigned)).rejects.toThrow(UserTokenError);
    });

    it("it is an HS256 token keyed with the realm's public key", async () => {
      const publicPem = await exportSPKI(realm.publicKey);
      expect(createPublicKey(publicPem).asymmetricKeyType).toBe("rsa");
      const signed = `${part({ alg: "HS256", typ: "JWT", kid: "realm" })}.${part(CLAIMS)}`;
      const forged = `${signed}.${createHmac("sha256", publicPem).update(signed).digest("base64url")}`;
      await expect(verify(forged)).rejects.toThrow(UserTokenError);
    });

    it("it is signed by the realm's key with another RSA algorithm, which the key itself would allow", async () => {
      const { alg: _alg, ...privateJwk } = await exportJWK(realm.privateKey);
      const pss = await importJWK(privateJwk, "PS256");
      const anyAlgorithm = createLocalJWKSet({
        keys: [{ ...(await exportJWK(realm.publicKey)), kid: "realm" }],
      });
      const options = { issuer: ISSUER, clientId: "supply-chain-ui", now: () => NOW, keys: anyAlgorithm };
      const lenient = createUserTokenVerifier(options);
      await expect(lenient(await token())).resolves.toBeDefined();
      const forged = await token({}, { key: pss as CryptoKey, alg: "PS256" });
      await expect(lenient(forged)).rejects.toThrow(UserTokenError);
    });

    it("it is not a token", async () => {
      for (const text of ["", "a.b.c", "a.b", "eyJ.eyJ."])
        await expect(verify(text)).rejects.toThrow(UserTokenError);
    });
  });
});

describe("keys over HTTP", () => {
  let answer: { status: number; body: string } = { status: 200, body: "" };
  const server = createServer((_request, response) => {
    response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body);
  });
  let issuer = "";
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realms/t`;
  });
  afterAll(() => server.close());

  const verifier = () => createUserTokenVerifier({ issuer, clientId: "supply-chain-ui", now: () => NOW });

  it("come from the realm's certs document", async () => {
    const jwk = { ...(await exportJWK(realm.publicKey)), kid: "realm", alg: "RS256", use: "sig" };
    answer = { status: 200, body: JSON.stringify({ keys: [jwk] }) };
    await expect(verifier()(await token({ iss: issuer }))).resolves.toMatchObject({ id: "user-1" });
  });

  it.each([
    ["answers an error", { status: 500, body: "{}" }],
    ["answers an invalid key set", { status: 200, body: '{"keys":3}' }],
  ])("are unavailable, not a verdict, when the auth server %s", async (_name, broken) => {
    answer = broken;
    await expect(verifier()(await token({ iss: issuer }))).rejects.toThrow(UserKeysUnavailableError);
  });

  it("are unavailable if no server listens", async () => {
    const silent = createUserTokenVerifier({
      issuer: "http://127.0.0.1:1/realms/t",
      clientId: "c",
      now: () => NOW,
    });
    await expect(silent(await token())).rejects.toThrow(UserKeysUnavailableError);
  });

  it("that are fetched but unknown make a verdict", async () => {
    answer = { status: 200, body: '{"keys":[]}' };
    await expect(verifier()(await token({ iss: issuer }))).rejects.toThrow(UserTokenError);
  });
});
