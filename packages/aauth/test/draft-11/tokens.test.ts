import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  issueAgentToken,
  issueAuthToken,
  issuePersonToken,
  issueResourceToken,
} from "../../src/draft-11/issue-tokens.ts";
import {
  verifyAgentToken,
  verifyAuthToken,
  verifyPersonToken,
  verifyPresentedToken,
  verifyResourceToken,
  verifySubagentToken,
} from "../../src/draft-11/verify-tokens.ts";
import type { NamedToken } from "../../src/profile/verification.ts";
import { decodeJwt } from "../../src/tokens/jwt.ts";
import { createVerifiedTokens } from "../../src/tokens/verified-tokens.ts";
import type { ProvenCaller } from "../../src/types.ts";
import { codeOf, NO_TEXT, NO_TIME, wrongTypes } from "../claim-cases.ts";
import {
  ACCESS_SERVER,
  AGENT,
  agentToken,
  authToken,
  changed,
  discoveryOf,
  keys,
  NOW,
  now,
  PERSON_SERVER,
  PROVIDER,
  personToken,
  publications,
  RESOURCE,
} from "./kit.ts";

const discovery = discoveryOf();
const confirmationKey = keys.agent.publicJwk;
const bound = { audience: RESOURCE, trustedIssuers: [PERSON_SERVER, ACCESS_SERVER], discovery, now };
const SUB = "aauth:planner+search@agent.example";

/** Each type: a valid token, its signer, its verification and its error texts. */
const types = [
  {
    name: "agent",
    make: agentToken,
    signer: keys.provider,
    verify: (token: string, more = {}) => verifyAgentToken(token, { discovery, now, ...more }),
    texts: ["iss", "dwk", "jti", "sub", "ps", "parent_agent"],
  },
  {
    name: "person",
    make: personToken,
    signer: keys.person,
    verify: (token: string, more = {}) => verifyPersonToken(token, { ...bound, ...more }),
    texts: ["iss", "dwk", "jti", "sub", "tenant", "mission_s256"],
  },
  {
    name: "auth",
    make: authToken,
    signer: keys.access,
    verify: (token: string, more = {}) => verifyAuthToken(token, { ...bound, ...more }),
    texts: ["iss", "dwk", "jti", "sub", "ps", "account", "tenant", "mission_s256"],
  },
] as const;

describe.each(types)("an $name token", ({ name, make, signer, verify, texts }) => {
  it("is issued with its claims in full, and verified", async () => {
    const token = await make();
    const { claims, key } = await verify(token);
    expect(decodeJwt(token).header).toEqual({ alg: signer.alg, typ: `aa-${name}+jwt`, kid: signer.kid });
    expect(claims.exp - claims.iat).toBe(3600);
    expect(claims.cnf.jwk).toEqual({ kty: "OKP", crv: "Ed25519", x: keys.agent.publicJwk.x, alg: "Ed25519" });
    expect(key.thumbprint).toBe(keys.agent.thumbprint);
    const es256 = await verify(await make({ confirmationKey: keys.es256.publicJwk }));
    expect(es256.key.thumbprint).toBe(keys.es256.thumbprint);
  });

  it.each(types.filter((other) => other.name !== name))(
    "is not accepted as $name token",
    async ({ verify: verifyOther }) => {
      expect(await codeOf(verifyOther(await make()))).toBe("token_type_mismatch");
    },
  );

  it.each(
    wrongTypes({ ...Object.fromEntries(texts.map((text) => [text, NO_TEXT])), exp: NO_TIME, iat: NO_TIME }),
  )("with %s is malformed", async (_, claims) =>
    expect(await codeOf(verify(await changed(await make(), signer, claims)))).toBe("malformed_token"),
  );

  it("of the future is refused: nbf is at most 60 s ahead", async () => {
    const later = await changed(await make(), signer, { nbf: NOW + 61 });
    expect(await codeOf(verify(later))).toBe("token_not_yet_valid");
  });

  it("that has expired and is not of its issuer is called invalid", async () => {
    const forged = await changed(await make(), keys.other, { exp: NOW });
    expect(await codeOf(verify(forged))).toBe("invalid_token_signature");
  });

  it.each([
    ["Ed448", { alg: "Ed448" }, "key_algorithm_not_allowed"],
    ["another curve", { crv: "X25519" }, "unsupported_key"],
    ["another type", { kty: "EC" }, "unsupported_key"],
    ["an alg that its curve is not for", { alg: "ES256" }, "unsupported_key"],
    ["a private half", { d: "AAAA" }, "unsupported_key"],
  ])("whose key has %s is refused", async (_, members, code) => {
    const token = await make();
    const { jwk } = decodeJwt(token).claims.cnf as { jwk: object };
    expect(await codeOf(verify(await changed(token, signer, { cnf: { jwk: { ...jwk, ...members } } })))).toBe(
      code,
    );
  });

  it.each([undefined, "EdDSA"])("whose issuer publishes its key with alg %s is refused", async (alg) => {
    const published = publications();
    for (const [address, document] of published) {
      if (!address.endsWith("jwks.json")) continue;
      const { keys: set } = document as { keys: object[] };
      published.set(address, { keys: set.map((jwk) => ({ ...jwk, alg })) });
    }
    expect(await codeOf(verify(await make(), { discovery: discoveryOf(published) }))).toBe(
      "key_algorithm_not_allowed",
    );
  });

  it("that its issuer has revoked is refused, even if its signature is cached", async () => {
    const token = await make();
    const asked: NamedToken[] = [];
    let revoked = false;
    const cache = createVerifiedTokens<never>({ now }) as never;
    const isRevoked = async (named: NamedToken) => {
      asked.push(named);
      return revoked;
    };
    await verify(token, { isRevoked, cache });
    revoked = true;
    expect(await codeOf(verify(token, { isRevoked, cache }))).toBe("token_revoked");
    const { iss, jti, iat, exp } = decodeJwt(token).claims;
    const aged = name === "agent" ? {} : { iat };
    expect(asked[1]).toEqual({ type: `aa-${name}+jwt`, iss, jti, exp, ...aged });
    // A revocation check without an answer does not permit the token.
    expect(await codeOf(verify(token, { isRevoked: async () => undefined }))).toBe("token_revoked");
  });
});

describe("person and auth tokens", () => {
  it.each(types.slice(1))(
    "$name: are for one recipient, named alone or in a list",
    async ({ make, signer, verify }) => {
      const token = await make();
      const list = await changed(token, signer, { aud: [RESOURCE] });
      expect((await verify(list)).claims).toMatchObject({ aud: RESOURCE });
      for (const aud of [[RESOURCE, PROVIDER], [], [7], `${RESOURCE}/`, "", 7, {}]) {
        expect(await codeOf(verify(await changed(token, signer, { aud })))).toBe("malformed_token");
      }
      expect(await codeOf(verify(token, { audience: PROVIDER }))).toBe("token_audience_mismatch");
    },
  );

  it.each([{ scope: "data.read" }, { account: "acme" }, { scope: "" }])(
    "T16: a person token has no %j",
    async (claims) => {
      expect(
        await codeOf(verifyPersonToken(await changed(await personToken(), keys.person, claims), bound)),
      ).toBe("malformed_token");
    },
  );

  it("T16: an auth token of a person server names it", async () => {
    const own = { key: keys.person, issuer: PERSON_SERVER, personServer: PERSON_SERVER };
    const token = await authToken(own);
    expect((await verifyAuthToken(token, bound)).claims).toMatchObject({
      dwk: "aauth-person.json",
      ps: PERSON_SERVER,
    });
    expect(
      await codeOf(verifyAuthToken(await changed(token, keys.person, { ps: ACCESS_SERVER }), bound)),
    ).toBe("malformed_token");
  });
});

describe("agent tokens", () => {
  it("are not issued under names that break the rules for plus signs (section 5.2)", async () => {
    const issued = (agent: string, parentAgent?: string) =>
      agentToken({ agent, ...(parentAgent !== undefined && { parentAgent }) });
    await expect(issued("aauth:planner+search@agent.example")).rejects.toThrow(TypeError);
    await expect(issued("aauth:other@agent.example", AGENT)).rejects.toThrow(TypeError);
    await expect(issued("aauth:other+search@agent.example", AGENT)).rejects.toThrow(TypeError);
    await expect(issued(AGENT, AGENT)).rejects.toThrow(TypeError);
    await expect(issued(`${SUB.replace("@", "+deeper@")}`, SUB)).rejects.toThrow(TypeError);
    await issued(SUB.replace("@", "+more@"), AGENT);
  });

  it("with two plus signs in sub are verified (section 5.2: the local part is not parsed)", async () => {
    const token = await changed(await agentToken(), keys.provider, { sub: "aauth:a+b+c@agent.example" });
    expect((await verifyAgentToken(token, { discovery, now })).claims.sub).toBe("aauth:a+b+c@agent.example");
  });

  it("of sub-agents are their parent's", async () => {
    const parent = await verifyAgentToken(await agentToken(), { discovery, now });
    const options = { discovery, now, parent };
    const sub = { agent: SUB, parentAgent: AGENT, confirmationKey: keys.other.publicJwk };
    const token = await agentToken(sub);
    expect((await verifySubagentToken(token, options)).claims.parent_agent).toBe(AGENT);
    const otherParent = await changed(token, keys.provider, { parent_agent: "aauth:other@agent.example" });
    expect(await codeOf(verifySubagentToken(otherParent, options))).toBe("token_agent_mismatch");
    const ofNone = await changed(token, keys.provider, { parent_agent: undefined });
    expect(await codeOf(verifySubagentToken(ofNone, options))).toBe("token_agent_mismatch");
    const itself = await verifyAgentToken(token, { discovery, now });
    const deeper = await changed(await agentToken({ ...sub, confirmationKey }), keys.provider, {
      sub: "aauth:planner+search+deeper@agent.example",
      parent_agent: SUB,
    });
    expect(await codeOf(verifySubagentToken(deeper, { ...options, parent: itself }))).toBe(
      "token_agent_mismatch",
    );
    const sameKey = await agentToken({ ...sub, confirmationKey });
    expect(await codeOf(verifySubagentToken(sameKey, options))).toBe("token_key_mismatch");
    const foreign = { ...parent, claims: { ...parent.claims, iss: "https://other.example" } };
    expect(await codeOf(verifySubagentToken(token, { ...options, parent: foreign }))).toBe(
      "untrusted_issuer",
    );
  });
});

describe("resource tokens", () => {
  const caller = async (over = {}, level = "person-token"): Promise<ProvenCaller> => ({
    profile: "draft-11",
    level,
    scheme: "jwt",
    key: keys.agent.publicJwk,
    thumbprint: keys.agent.thumbprint,
    identityToken: decodeJwt(await personToken({ tenant: "acme", missionS256: "m1" })).claims,
    ...over,
  });
  const issued = async (over: Partial<Parameters<typeof issueResourceToken>[0]> = {}) =>
    issueResourceToken({
      key: keys.resource,
      issuer: RESOURCE,
      caller: await caller(),
      scope: "data.read",
      now,
      ...over,
    });
  const options = {
    audience: PERSON_SERVER,
    personServer: PERSON_SERVER,
    agentJkt: keys.agent.thumbprint,
    discovery,
    now,
  };

  it("copy person and key of the caller's token", async () => {
    const shown = await caller();
    const { token, claims } = await issued({ caller: shown, account: "acme-eu" });
    expect(claims).toMatchObject({
      iss: RESOURCE,
      dwk: "aauth-resource.json",
      aud: PERSON_SERVER,
      ps: PERSON_SERVER,
      sub: "person-1",
      presented_jti: shown.identityToken!.jti,
      agent_jkt: keys.agent.thumbprint,
      scope: "data.read",
      account: "acme-eu",
      tenant: "acme",
      mission_s256: "m1",
      exp: NOW + 300,
    });
    expect(claims).not.toHaveProperty("cnf");
    expect(await verifyResourceToken(token, options)).toEqual(claims);
  });

  it("are for the resource's access server, where it has one, and of an auth token name its person server", async () => {
    const grant = { scopes: [], token: "", claims: decodeJwt(await authToken()).claims };
    const { claims } = await issued({
      caller: await caller({ identityToken: undefined, grant }, "auth-token"),
      accessServer: ACCESS_SERVER,
    });
    expect(claims).toMatchObject({ aud: ACCESS_SERVER, ps: PERSON_SERVER, presented_jti: grant.claims.jti });
  });

  it("are not issued to a caller without a person", async () => {
    for (const level of ["agent-token", "server", "identified"]) {
      await expect(issued({ caller: await caller({}, level) })).rejects.toThrow(TypeError);
    }
    await expect(issued({ caller: await caller({ identityToken: undefined }) })).rejects.toThrow(TypeError);
    await expect(issued({ lifetimeSeconds: 301 })).rejects.toThrow(RangeError);
  });

  it.each<[string, Record<string, unknown>]>([
    ...wrongTypes({
      scope: NO_TEXT.filter((value) => value !== ""),
      tenant: NO_TEXT,
      account: NO_TEXT,
      login_hint: NO_TEXT,
    }),
    ...wrongTypes({
      interaction: [7, null, "x", {}, { url: "http://a.example", code: "A" }, { url: "https://a.example" }],
    }),
  ])("with %s are malformed", async (_, claims) => {
    const token = await changed((await issued()).token, keys.resource, claims);
    expect(await codeOf(verifyResourceToken(token, options))).toBe("malformed_token");
  });

  it("that have been revoked are refused, and those for a presented token that has been", async () => {
    const isRevoked = () => true;
    const { token } = await issued();
    expect(await codeOf(verifyResourceToken(token, { ...options, isRevoked }))).toBe("token_revoked");
    const presented = await personToken();
    const { claims: resourceToken } = await issued({
      caller: await caller({ identityToken: decodeJwt(presented).claims }),
    });
    const shown = verifyPresentedToken(presented, { ...bound, resourceToken, isRevoked });
    expect(await codeOf(shown)).toBe("token_revoked");
  });
});

describe("issuing", () => {
  const person = {
    key: keys.person,
    issuer: PERSON_SERVER,
    audience: RESOURCE,
    subject: "p",
    confirmationKey,
    now,
  };

  it("limits a token to the lifetime of its source", async () => {
    expect((await issuePersonToken({ ...person, notAfter: NOW + 10 })).claims.exp).toBe(NOW + 10);
    expect((await issueAuthToken({ ...person, notAfter: NOW + 99_999 })).claims.exp).toBe(NOW + 3600);
    await expect(issuePersonToken({ ...person, notAfter: NOW })).rejects.toThrow(RangeError);
  });

  it.each([0, 3601, 1.5, Number.NaN, "60" as never])(
    "rejects a lifetime of %s s",
    async (lifetimeSeconds) => {
      await expect((async () => issuePersonToken({ ...person, lifetimeSeconds }))()).rejects.toThrow(
        RangeError,
      );
    },
  );

  it.each<[string, () => unknown]>([
    ["a user claim of the protocol", () => issueAuthToken({ ...person, userClaims: { act: {} } })],
    ["an audience with a path", () => issueAuthToken({ ...person, audience: `${RESOURCE}/api` })],
    ["no subject", () => issuePersonToken({ ...person, subject: "" })],
    ["a tenant that no reader accepts", () => issuePersonToken({ ...person, tenant: "" })],
    ["an account that no reader accepts", () => issueAuthToken({ ...person, account: "" })],
    ["an agent of another provider", () => issueAgentToken({ ...person, agent: AGENT })],
    [
      "a parent of another provider",
      () => issueAgentToken({ ...person, issuer: PROVIDER, agent: AGENT, parentAgent: "aauth:a@b.example" }),
    ],
  ])("refuses %s", async (_, issue) => {
    await expect((async () => issue())()).rejects.toThrow(TypeError);
  });

  it("any claims at all are read or refused by name", () =>
    fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.constantFrom("aud", "cnf", "sub", "ps", "scope", "iat", "interaction"),
          fc.jsonValue(),
        ),
        async (claims) => {
          for (const { make, signer, verify } of types) {
            expect(await codeOf(verify(await changed(await make(), signer, claims)))).toMatch(/^[a-z_]+$/);
          }
        },
      ),
      { numRuns: 40 },
    ));
});
