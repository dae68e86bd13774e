/**
 * The published implementations: both servers accept what their agents send, and our packages
 * accept what they issue (profile 9).
 */

import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { createDiscovery, generateSigningKey } from "aauth";
import { createAgent } from "aauth/agent";
import { february2026Agent } from "aauth/february-2026";
import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, describe, expect, test } from "vitest";
import { listen } from "../../support/foreign-agent.ts";
import { startParty } from "./our-party.ts";
import { type AskOptions, now } from "./party.ts";
import { expectRefusal, grantedToken, startWorld } from "./world.ts";

const { server, agent, wish } = await startWorld();
const JWKS_WITHOUT_NAME = `sig1=(scheme=jwks id="${agent.id}" kid="${agent.pair.kid}")`;
const BODY_AFTER_KEY = ["@method", "@authority", "@path", "signature-key", "content-type", "content-digest"];

describe("both servers accept a request", () => {
  test.each<[string, AskOptions]>([
    ["without well-known, as the demo's agents send it", { signatureKey: JWKS_WITHOUT_NAME }],
    ["without a nonce", { nonce: null }],
    ["with the body's components behind the key", { nonce: null, covered: BODY_AFTER_KEY }],
    ["signed in base64url", { encode: (bytes) => bytes.toString("base64url") }],
    ["signed in base64", { encode: (bytes) => bytes.toString("base64") }],
    ["signed in base64, not padded", { encode: (bytes) => bytes.toString("base64").replace(/=+$/, "") }],
    ["labelled as in SPEC", { label: "sig" }],
    ["with parameters of RFC 9421", { parameters: `;keyid="k";alg="ed25519";nonce="n";tag="t"` }],
    ["of a form with a charset", { contentType: "application/x-www-form-urlencoded; charset=UTF-8" }],
  ])("%s", async (_what, options) => {
    grantedToken(await agent.ask(server, wish(), options));
  });

  test("with the digest in SHA-512", async () => {
    const form = `request_type=auth&scope=data.read`;
    const digest = `sha-512=:${createHash("sha512").update(form).digest("base64")}:`;
    grantedToken(await agent.ask(server, form, { digest }));
  });

  test("with redirect_uri and state where no consent is needed, in the demo's order", async () => {
    const redirect = { redirect_uri: agent.callback, state: "request-1" };
    const reply = await agent.ask(server, wish(redirect));
    grantedToken(reply);
  });

  test("but not with the body that those agents leave uncovered", async () => {
    const options = { nonce: null, without: ["content-type", "content-digest"] };
    expectRefusal(await agent.ask(server, wish(), options), 401, "invalid_signature", {
      code: "insufficient_coverage",
      check: "coverage",
    });
  });

  test("and not an unknown shape of base64", async () => {
    for (const encode of [
      (bytes: Buffer) => `${bytes.toString("base64url")}=`,
      (bytes: Buffer) => bytes.toString("hex"),
      // Bits beyond the last byte: another string for the same bytes.
      (bytes: Buffer) =>
        bytes.toString("base64url").replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)),
    ])
      expectRefusal(await agent.ask(server, wish(), { encode }), 401, "invalid_signature", {
        code: "malformed_signature",
        check: "signature-input",
      });
  });
});

describe("our packages", () => {
  installLocalhostLookup();
  const stopped: (() => Promise<unknown>)[] = [];
  afterAll(() => Promise.all(stopped.map((stop) => stop())));

  async function startPair(authServer: string) {
    const [resource, caller] = await Promise.all([
      startParty({ authServer, name: "our-resource", scopes: ["supply-chain:optimize"] }),
      startParty({ authServer, name: "our-agent", scopes: ["our-agent:read"] }),
    ]);
    stopped.push(resource.close, caller.close);
    return { resource, caller };
  }

  test("challenge, token of this server, retry", async () => {
    const { resource, caller } = await startPair(server.issuer);
    expect((await caller.agent.fetchFor()(`${resource.id}/`)).status).toBe(200);
    expect(resource.received).toMatchObject([{ iss: server.issuer, aud: resource.id, agent: caller.id }]);
  });

  test.each(["AAuth", "Bearer", undefined])(
    "take a token in the published form: odd spacing, a kid in cnf that is not a thumbprint, no jti; token_type %s",
    async (token_type) => {
      const realm = generateKeyPairSync("rsa", { modulusLength: 2048 });
      let issue: () => string = () => "";
      const published = await listen((path, url) => {
        const issuer = `${url}/realms/published`;
        if (path === "/realms/published/.well-known/aauth-issuer") {
          return {
            body: {
              issuer,
              jwks_uri: `${issuer}/protocol/aauth/certs`,
              agent_token_endpoint: `${issuer}/protocol/aauth/agent/token`,
              agent_auth_endpoint: `${issuer}/protocol/aauth/agent/auth`,
              agent_signing_algs_supported: ["RS256", "RSA-OAEP"],
              request_types_supported: ["auth", "code", "refresh", "exchange"],
              scopes_supported: [],
            },
          };
        }
        if (path === "/realms/published/protocol/aauth/certs") {
          const jwk = realm.publicKey.export({ format: "jwk" });
          return { body: { keys: [{ ...jwk, kid: "1vHfeMi9", use: "sig", alg: "RS256", x5c: ["AAAA"] }] } };
        }
        return { body: { auth_token: issue(), expires_in: 300, ...(token_type && { token_type }) } };
      }, "localhost");
      stopped.push(() => published.stop());
      const issuer = `${published.url}/realms/published`;
      const { resource, caller } = await startPair(issuer);
      const keySet = await fetch(`${caller.id}/jwks.json`);
      const { keys } = (await keySet.json()) as { keys: { x: string }[] };
      issue = () => {
        const input = [
          `{"alg":"RS256","typ" : "auth+jwt","kid" : "1vHfeMi9"}`,
          JSON.stringify({
            exp: now() + 300,
            iat: now(),
            iss: issuer,
            aud: resource.id,
            agent: caller.id,
            cnf: {
              jwk: {
                kid: "1iPvDGWsprXqjRcfeHklE8VVjDcLJZwde12qmqzcvF0",
                kty: "OKP",
                use: "sig",
                crv: "Ed25519",
                x: keys[0]!.x,
              },
            },
            scope: "supply-chain:optimize",
          }),
        ]
          .map((part) => Buffer.from(part).toString("base64url"))
          .join(".");
        return `${input}.${sign("RSA-SHA256", Buffer.from(input), realm.privateKey).toString("base64url")}`;
      };
      expect((await caller.agent.fetchFor()(`${resource.id}/`)).status).toBe(200);
      expect(resource.received).toMatchObject([{ iss: issuer, agent: caller.id }]);
    },
  );

  test("P9: do not read `httpsig` inside another scheme's quotes as a challenge, and send this server no request", async () => {
    // A pseudonymous agent, which would identify itself if challenged.
    const quoted = createAgent({
      profile: february2026Agent({ signatureScheme: "hwk", authServers: [server.issuer] }),
      id: "http://quoted-agent.localhost",
      key: await generateSigningKey({ kid: "quoted-1" }),
      discovery: createDiscovery({ development: true }),
    });
    for (const header of ['Bearer realm="httpsig; auth-token"', 'x;y="httpsig; identity=?1"']) {
      const resource = await listen(
        () => ({ status: 401, headers: { "agent-auth": header } }),
        "quoting.localhost",
      );
      stopped.push(() => resource.stop());
      const outcome = await quoted
        .fetchFor()(`${resource.url}/`)
        .then(
          ({ status }) => status,
          (error: { code?: string }) => error.code,
        );
      expect([401, "malformed_challenge"]).toContain(outcome);
      expect(resource.requests).toHaveLength(1);
    }
  });
});
