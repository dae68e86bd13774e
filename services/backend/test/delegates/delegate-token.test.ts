import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStores, generateSigningKey, type SigningKey, type Stores } from "aauth";
import { february2026, february2026Tokens } from "aauth/february-2026";
import { createTestClock, signedRequest } from "aauth/testing";
import { createLogger, memoryKeys } from "agent-kit/service";
import { loadConfig } from "agent-kit/settings";
import type { FastifyInstance } from "fastify";
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createTestDiscovery } from "../../../../packages/aauth/test/february-2026/parties.ts";
import { buildBackend } from "../../src/app.ts";
import { settings } from "../../src/config.ts";

const BACKEND = "http://backend.localhost:8000";
const ENDPOINT = `${BACKEND}/delegate/token`;
const SUPPLY_CHAIN = "http://supply-chain-agent.localhost:3000";
const ISSUER = "http://localhost:8080/realms/aauth-test";

const clock = createTestClock(Math.floor(Date.now() / 1000));
const signing = await generateSigningKey({ kid: "backend-ephemeral-1" });
const log: string[] = [];
let file: string;
let app: FastifyInstance;

/** A delegate: its credential, and the key it signs with. */
interface Delegate {
  readonly sub: string;
  readonly credential: CryptoKey;
  readonly jwk: object;
  readonly key: SigningKey;
}

async function createDelegate(sub: string): Promise<Delegate> {
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
  return {
    sub,
    credential: privateKey,
    jwk: await exportJWK(publicKey),
    key: await generateSigningKey({ kid: sub }),
  };
}

const alice = await createDelegate("delegate-a");
const bob = await createDelegate("delegate-b");
const stranger = await createDelegate("delegate-x");

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "backend-delegates-"));
  file = join(folder, "delegates.json");
  await enrol(alice, bob);
  log.length = 0;
  app = await start({ BACKEND_DELEGATES_FILE: file });
});

const enrol = (...delegates: Delegate[]) =>
  writeFile(file, JSON.stringify({ delegates: delegates.map(({ sub, jwk }) => ({ sub, jwk })) }));

async function start(env: Record<string, string>, stores?: Stores): Promise<FastifyInstance> {
  const config = loadConfig({ service: "backend", settings, env, argv: [] });
  const logger = createLogger({ service: "t", destination: { write: (line) => log.push(line) } });
  const discovery = createTestDiscovery({ agents: { [BACKEND]: [signing.publicJwk] } }, { now: clock.now });
  const { app: backend } = await buildBackend(config, {
    logger,
    keys: memoryKeys(signing),
    discovery,
    now: clock.now,
    ...(stores && { stores }),
  });
  onTestFinished(() => backend.close());
  return backend;
}

interface Mistakes {
  /** Claims of the assertion; undefined removes one. */
  readonly claims?: Record<string, unknown>;
  readonly header?: { alg?: string; typ?: string };
  readonly credential?: CryptoKey;
  readonly assertion?: string;
  /** Members of the request. */
  readonly body?: Record<string, unknown>;
  /** The key that signs the request. */
  readonly key?: SigningKey;
  readonly tamper?: (headers: Record<string, string>) => void;
}

async function assertionOf(
  delegate: Delegate,
  { claims, header, credential }: Mistakes = {},
): Promise<string> {
  const now = clock.now();
  const all = {
    iss: delegate.sub,
    sub: delegate.sub,
    aud: ENDPOINT,
    iat: now,
    exp: now + 60,
    jti: crypto.randomUUID(),
    cnf: { jkt: delegate.key.thumbprint },
    ...claims,
  };
  return new SignJWT(JSON.parse(JSON.stringify(all)))
    .setProtectedHeader({ alg: "EdDSA", typ: "client-authentication+jwt", ...header })
    .sign(credential ?? delegate.credential);
}

async function ask(delegate: Delegate, mistakes: Mistakes = {}, backend = app) {
  const { kty, crv, x } = delegate.key.publicJwk;
  const body = {
    sub: delegate.sub,
    cnf_jwk: { kty, crv, x },
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: mistakes.assertion ?? (await assertionOf(delegate, mistakes)),
    ...mistakes.body,
  };
  const signed = await signedRequest({
    profile: february2026,
    method: "POST",
    url: ENDPOINT,
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
    key: mistakes.key ?? delegate.key,
    signatureKey: { scheme: "hwk" },
    now: clock.now,
  });
  const { "content-length": _length, ...headers } = signed.headers;
  mistakes.tamper?.(headers);
  const payload = Buffer.from(signed.body ?? []);
  const reply = await backend.inject({ method: "POST", url: "/delegate/token", headers, payload });
  return { status: reply.statusCode, text: reply.body, headers: reply.headers, json: () => reply.json() };
}

async function expectRefusal(
  reply: Awaited<ReturnType<typeof ask>>,
  status: number,
  error: string,
): Promise<void> {
  expect([reply.status, reply.text]).toEqual([status, expect.stringContaining(`"error":"${error}"`)]);
  expect(reply.headers["cache-control"]).toBe("no-store");
}

describe("an enrolled delegate", () => {
  it("gets an agent token for its key, to be shown to the agent that is called and the auth server", async () => {
    const reply = await ask(alice);
    expect([reply.status, reply.headers["cache-control"]]).toEqual([200, "no-store"]);
    const { agent_token, expires_in } = reply.json();
    expect(expires_in).toBe(3600);
    const discovery = createTestDiscovery({ agents: { [BACKEND]: [signing.publicJwk] } }, { now: clock.now });
    const claims = await february2026Tokens.verifyAgentToken(agent_token, {
      discovery,
      audience: SUPPLY_CHAIN,
      now: clock.now,
    });
    const { kty, crv, x } = alice.key.publicJwk;
    expect(claims).toEqual({
      iss: BACKEND,
      sub: "delegate-a",
      exp: clock.now() + 3600,
      cnf: { jwk: { kty, crv, x } },
      aud: [SUPPLY_CHAIN, ISSUER],
    });
    expect(log.join("")).toContain("Issued agent_token");
    expect(log.join("")).not.toContain(agent_token);
  });

  it("may ask for less than all audiences, and for no other", async () => {
    const less = await ask(alice, { body: { aud: ISSUER } });
    expect(less.status).toBe(200);
    const other = await ask(alice, { body: { aud: [ISSUER, "http://elsewhere.localhost:1"] } });
    await expectRefusal(other, 400, "invalid_target");
  });

  it("is put out without a restart", async () => {
    expect((await ask(alice)).status).toBe(200);
    await enrol(bob);
    await expectRefusal(await ask(alice), 401, "invalid_client");
    expect((await ask(bob)).status).toBe(200);
  });
});

describe("a request that was used", () => {
  it("V40: is refused by another process, as is its client assertion", async () => {
    const stores = createMemoryStores({ now: clock.now });
    const env = { BACKEND_DELEGATES_FILE: file };
    const [one, other] = [await start(env, stores), await start(env, stores)];
    const assertion = await assertionOf(alice);
    let sent: object = {};
    const keep = (headers: Record<string, string>) => {
      sent = { ...headers };
    };
    expect((await ask(alice, { assertion, tamper: keep }, one)).status).toBe(200);
    const replay = (headers: Record<string, string>) => void Object.assign(headers, sent);
    const replayed = await ask(alice, { assertion, tamper: replay }, other);
    expect([replayed.status, replayed.text]).toEqual([401, expect.stringContaining("nonce_replayed")]);
    await expectRefusal(await ask(alice, { assertion }, other), 401, "invalid_client");
  });
});

describe("a key that is not enrolled", () => {
  it("is refused with invalid_client", async () => {
    await expectRefusal(await ask(stranger), 401, "invalid_client");
  });

  it("is refused where no file is named: the endpoint is closed by default", async () => {
    await expectRefusal(await ask(alice, {}, await start({})), 401, "invalid_client");
  });

  it("is refused where the file is missing or malformed", async () => {
    await writeFile(file, "{");
    await expectRefusal(await ask(alice), 401, "invalid_client");
    await writeFile(
      file,
      JSON.stringify({ delegates: [{ sub: "delegate-a", jwk: alice.jwk, admin: true }] }),
    );
    await expectRefusal(await ask(alice), 401, "invalid_client");
    await enrol(alice, { ...bob, sub: alice.sub });
    await expectRefusal(await ask(alice), 401, "invalid_client");
    const { app: missing } = { app: await start({ BACKEND_DELEGATES_FILE: `${file}.not` }) };
    await expectRefusal(await ask(alice, {}, missing), 401, "invalid_client");
  });

  it("gets the response to a wrong credential: it does not reveal which delegates are enrolled", async () => {
    const unknown = await ask(stranger);
    const wrong = await ask(alice, { credential: stranger.credential });
    expect(unknown.text).toBe(wrong.text);
  });
});

describe("an invalid credential", () => {
  const refused: [string, Mistakes][] = [
    ["signed with another key", { credential: stranger.credential }],
    ["of another delegate", { credential: bob.credential }],
    ["not a JWT", { assertion: "nonsense" }],
    ["of another type", { header: { typ: "JWT" } }],
    ["for another endpoint", { claims: { aud: ISSUER } }],
    ["issued by another delegate", { claims: { iss: "delegate-b" } }],
    ["expired", { claims: { iat: clock.now() - 120, exp: clock.now() - 60 } }],
    ["without an end", { claims: { exp: undefined } }],
    ["valid for too long", { claims: { exp: clock.now() + 3600 } }],
    ["from the future", { claims: { iat: clock.now() + 60, exp: clock.now() + 100 } }],
    ["without an id", { claims: { jti: undefined } }],
    ["with an empty id", { claims: { jti: "" } }],
    ["with an id that is long", { claims: { jti: "x".repeat(101) } }],
    ["for no key", { claims: { cnf: undefined } }],
    ["for another key", { claims: { cnf: { jkt: bob.key.thumbprint } } }],
  ];
  it.each(refused)("%s", async (_what, mistakes) => {
    await expectRefusal(await ask(alice, mistakes), 401, "invalid_client");
  });

  it("not signed at all", async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = JSON.parse(Buffer.from((await assertionOf(alice)).split(".")[1]!, "base64url").toString());
    const assertion = `${part({ alg: "none", typ: "client-authentication+jwt" })}.${part(claims)}.`;
    await expectRefusal(await ask(alice, { assertion }), 401, "invalid_client");
  });

  it("used a second time", async () => {
    const assertion = await assertionOf(alice);
    expect((await ask(alice, { assertion })).status).toBe(200);
    await expectRefusal(await ask(alice, { assertion }), 401, "invalid_client");
    expect(log.join("")).toContain("the assertion has been used before");
  });

  it("stolen on its way: it is not valid with the thief's key", async () => {
    const assertion = await assertionOf(alice);
    const thief = { ...alice, key: stranger.key };
    await expectRefusal(await ask(thief, { assertion }), 401, "invalid_client");
  });
});

describe("a request that does not fit its credential", () => {
  it("for the name of another delegate", async () => {
    await expectRefusal(await ask(alice, { body: { sub: "delegate-b" } }), 403, "access_denied");
  });

  it("for a key that has not signed it", async () => {
    const { kty, crv, x } = bob.key.publicJwk;
    await expectRefusal(await ask(alice, { body: { cnf_jwk: { kty, crv, x } } }), 400, "invalid_request");
  });

  it("with the private half of its key", async () => {
    const { kty, crv, x } = alice.key.publicJwk;
    const reply = await ask(alice, { body: { cnf_jwk: { kty, crv, x, d: "secret" } } });
    await expectRefusal(reply, 400, "invalid_request");
    expect(reply.json().error_description).toContain("private");
    expect(reply.text).not.toContain("secret");
  });

  it.each([
    ["without an assertion", { client_assertion: undefined }, "client_assertion"],
    ["with another kind of assertion", { client_assertion_type: "urn:example" }, "client_assertion_type"],
    ["with unknown members", { act: "root" }, "act"],
    ["with members that are no words", { '\u0007"': "root" }, "a member"],
  ])("%s", async (_what, body, member) => {
    const reply = await ask(alice, { body });
    await expectRefusal(reply, 400, "invalid_request");
    expect(reply.json().error_description).toMatch(new RegExp(`; ${member} is invalid$`));
  });

  it.each([
    ["unsigned", (headers: Record<string, string>) => void delete headers.signature],
    [
      "with a body that was swapped",
      (headers: Record<string, string>) => void delete headers["content-digest"],
    ],
    ["without a nonce", (headers: Record<string, string>) => void delete headers.nonce],
  ])("%s", async (_what, tamper) => {
    const reply = await ask(alice, { tamper });
    expect(reply.status).toBe(401);
    expect(reply.headers["agent-auth"]).toBe("httpsig");
  });
});
