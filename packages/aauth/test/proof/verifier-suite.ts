/** Behaviour of a verifier that every profile shares. */

import { describe, expect, it } from "vitest";
import { formatSignature } from "../../src/http-signatures/signature.ts";
import { toJwks } from "../../src/keys/jwks.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import type { StepName } from "../../src/profile/verification.ts";
import type { TestRequest } from "../../src/testing/signed-request.ts";
import { flipS } from "../ecdsa.ts";
import { refusal } from "../refusal.ts";
import {
  agentKey,
  clock,
  now,
  OTHER,
  otherKey,
  type ProfileKit,
  requestOf,
  resigned,
  resourceOf,
  SERVER,
  serverKey,
} from "./kit.ts";

/** Steps that refuse a caller below the route's level, if it is not the step of that name. */
const STEP_OF: Readonly<Record<string, StepName>> = {
  token_type_mismatch: "caller",
  unsupported_scheme: "scheme",
};

type Case = readonly [name: string, code: string, step: StepName, make: () => Promise<TestRequest>];

export function verifierSuite(kit: ProfileKit): void {
  const { profile, shown } = kit;
  const requirements = [...kit.requirements, ...kit.serverRequirements];
  const { fields, label, endpoints } = profile.messages;
  const { checks } = profile.verification;
  const { toleranceSeconds } = endpoints.resource!;
  const hasStep = (step: StepName) => checks.some(({ steps }) => steps.includes(step));
  /** A resolver adds the token's check itself, wherever it is called. */
  const checkOf = (step: StepName) =>
    step === "caller" ? "token" : checks.find(({ steps }) => steps.includes(step))!.name;
  const jwt = async (options: Parameters<ProfileKit["token"]>[0]) =>
    ({ scheme: "jwt", jwt: await kit.token(options) }) as const;
  const withToken = async (options: Parameters<ProfileKit["token"]>[0]) =>
    requestOf(kit, { credential: await jwt(options) });
  const without = async (name: string) => {
    const { [name]: _, ...headers } = (await requestOf(kit)).headers;
    return { ...(await requestOf(kit)), headers };
  };
  const changed = async (change: Parameters<typeof resigned>[2]) =>
    resigned(kit, await requestOf(kit), change);
  const uncovered = async (component: string) =>
    resigned(kit, await requestOf(kit, { body: "{}" }), {
      input: (value) =>
        value.replace(`"${component}"`, "").replace("( ", "(").replace("  ", " ").replace(" )", ")"),
    });

  describe(`${profile.name}: a request passes`, () => {
    it.each(shown)("with $name", async ({ level, credential, key = agentKey, endpoint }) => {
      for (const body of [undefined, "{}"]) {
        const { verifier } = resourceOf(kit, { endpoint });
        const request = await requestOf(kit, {
          credential: await credential(key),
          key,
          endpoint,
          ...(body && { body }),
        });
        const { caller, report } = await verifier.verifyRequest(request);
        expect(caller).toMatchObject({ profile: profile.name, level, thumbprint: key.thumbprint });
        expect(JSON.stringify(caller)).not.toContain(caller.grant?.token ?? "no token");
        expect(report.profile).toBe(profile.name);
        expect(report.checks.map(({ name, section }) => ({ name, section }))).toEqual(
          checks.map(({ name, section }) => ({ name, section })),
        );
        expect(report.checks.filter(({ verdict }) => verdict === "failed")).toEqual([]);
      }
    });

    it("with a key that has replaced another since", async () => {
      const { verifier, published } = resourceOf(kit);
      await verifier.verifyRequest(await requestOf(kit));
      const key = await otherKey("server-2");
      const kinds = Object.values(profile.documents.kinds);
      const keySet = [...published.keys()].find((url) => url.startsWith(SERVER) && url.endsWith(".jwks"))!;
      published.set(keySet, toJwks([key]));
      clock.advance(Math.max(...kinds.map((kind) => kind.refetchCooldownSeconds)) + 1);
      await verifier.verifyRequest(await withToken({ key }));
    });
  });

  const routes = shown.flatMap((caller) =>
    requirements.map((requirement) => {
      const { level: route } = requirement;
      return { ...caller, requirement, route, outcome: caller.refused[route] ?? "passes" };
    }),
  );

  describe(`${profile.name}: on a route`, () => {
    it.each(routes)("for $route, $name: $outcome", async ({ requirement, outcome, ...caller }) => {
      const { level, credential, key = agentKey, endpoint } = caller;
      const request = await requestOf(kit, { credential: await credential(key), key, endpoint });
      const { verifier } = resourceOf(kit, { endpoint });
      if (outcome === "passes") {
        await expect(verifier.verifyRequest(request, requirement)).resolves.toMatchObject({
          caller: { level },
        });
      } else {
        const { code, check } = await refusal(verifier, request, requirement);
        expect([code, check]).toEqual([outcome, checkOf(STEP_OF[outcome] ?? "requirement")]);
      }
    });
  });

  /** Defects that the verifier finds without discovery. */
  const unasked: readonly Case[] = [
    ["without its key", "missing_signature", "fields", () => without(fields.signatureKey)],
    ["without its input", "missing_signature", "fields", () => without(fields.signatureInput)],
    ["without its signature", "missing_signature", "fields", () => without(fields.signature)],
    [
      "with a malformed key claim",
      "malformed_signature_key",
      "key-claim",
      () => changed({ keyClaim: (value) => `${value}"` }),
    ],
    [
      "with a label of its own in the input",
      "label_mismatch",
      "labels",
      () => changed({ input: (value) => value.replace(label, "another") }),
    ],
    ...["@method", "@authority", "@path", fields.signatureKey, fields.contentDigest].map(
      (name): Case => [
        `that leaves ${name} open`,
        "insufficient_coverage",
        "coverage",
        () => uncovered(name),
      ],
    ),
    [
      "that is stale",
      "created_out_of_window",
      "freshness",
      () => requestOf(kit, { now: () => now() - toleranceSeconds - 1 }),
    ],
    [
      "from the future",
      "created_out_of_window",
      "freshness",
      () => requestOf(kit, { now: () => now() + toleranceSeconds + 1 }),
    ],
    [
      "past its expires",
      "signature_expired",
      "freshness",
      () => changed({ input: (value) => `${value};expires=${now()}` }),
    ],
    [
      "of an unknown scheme",
      "unsupported_scheme",
      "scheme",
      () => changed({ keyClaim: (value) => value.replace("jwt", "unheard") }),
    ],
    [
      "for another authority",
      "unknown_authority",
      "fields",
      async () => ({ ...(await requestOf(kit)), authority: "elsewhere.example" }),
    ],
    [
      "with a token of another type",
      "token_type_mismatch",
      "caller",
      async () => requestOf(kit, { credential: { scheme: "jwt", jwt: await kit.otherToken() } }),
    ],
    ["with a token for another", "token_audience_mismatch", "caller", () => withToken({ audience: OTHER })],
    ["with a token of an untrusted issuer", "untrusted_issuer", "caller", () => withToken({ issuer: OTHER })],
  ];
  const asked: readonly Case[] = [
    [
      "with a forged token",
      "invalid_token_signature",
      "caller",
      async () => withToken({ key: await otherKey(serverKey.kid) }),
    ],
    [
      "with the token of another key",
      "invalid_signature",
      "signature",
      async () => withToken({ boundTo: await otherKey("other") }),
    ],
    [
      "signed by another key",
      "invalid_signature",
      "signature",
      async () => resigned(kit, await requestOf(kit), {}, await otherKey(agentKey.kid)),
    ],
    [
      "changed on the way",
      "invalid_signature",
      "signature",
      async () => ({ ...(await requestOf(kit)), target: "/other" }),
    ],
    [
      "with another body",
      "digest_mismatch",
      "body",
      async () => ({ ...(await requestOf(kit, { body: "{}" })), body: new TextEncoder().encode("[]") }),
    ],
    [
      "without its body",
      "digest_mismatch",
      "body",
      async () => ({ ...(await requestOf(kit, { body: "{}" })), body: undefined }),
    ],
  ];

  describe(`${profile.name}: a request is refused`, () => {
    it.each(unasked)("%s: %s, and nothing is fetched", async (_name, code, step, make) => {
      const { verifier, fetched } = resourceOf(kit);
      const error = await refusal(verifier, await make());
      expect([error.code, error.check]).toEqual([code, checkOf(step)]);
      expect(fetched).toEqual([]);
    });

    it.each(asked)("%s: %s", async (_name, code, step, make) => {
      const error = await refusal(resourceOf(kit).verifier, await make());
      expect([error.code, error.check, error.provenCaller]).toEqual([code, checkOf(step), undefined]);
    });

    it("with an expired token, whose holder is proven if its age is judged last", async () => {
      const credential = await jwt({ lifetimeSeconds: 30 });
      clock.advance(30);
      const error = await refusal(resourceOf(kit).verifier, await requestOf(kit, { credential }));
      expect([error.code, error.check]).toEqual(["token_expired", checkOf("caller")]);
      const { thumbprint } = agentKey;
      expect(error.provenCaller?.thumbprint).toBe(hasStep("expiry") ? thumbprint : undefined);
    });
  });

  describe(`${profile.name}: a repetition`, () => {
    it("passes where it does no harm", async () => {
      const { verifier } = resourceOf(kit);
      const request = await requestOf(kit);
      await verifier.verifyRequest(request);
      await verifier.verifyRequest(request);
    });

    it.each([
      [undefined, profile.messages.readNonce === undefined ? "signature_replayed" : "nonce_replayed"],
      [false, "signature_replayed"],
    ] as const)("is refused where it could (nonce %s)", async (nonce, code) => {
      for (const body of ["{}", undefined]) {
        const { verifier } = resourceOf(kit);
        const request = await requestOf(kit, {
          method: "POST",
          ...(body && { body }),
          ...(nonce === false && { nonce }),
        });
        await verifier.verifyRequest(request);
        const error = await refusal(verifier, request);
        expect([error.code, error.check]).toEqual([code, checkOf("replay")]);
      }
    });

    it.runIf(profile.messages.keyAlgorithms.includes("ES256"))(
      "of ES256 is refused in either spelling",
      async () => {
        const key = await generateSigningKey({ kid: "p256", alg: "ES256" });
        const credential = await jwt({ boundTo: key });
        const request = await requestOf(kit, { key, credential, body: "{}" });
        const { bytes } = profile.messages.parseSignature(request.headers[fields.signature]!);
        const { label, signatureEncoding } = profile.messages;
        const signature = formatSignature(label, flipS(bytes), signatureEncoding);
        const flipped = { ...request, headers: { ...request.headers, [fields.signature]: signature } };
        await resourceOf(kit).verifier.verifyRequest(flipped);
        for (const [first, ...again] of [
          [request, flipped],
          [flipped, request, flipped],
        ] as const) {
          const { verifier } = resourceOf(kit);
          await verifier.verifyRequest(first);
          for (const repeated of again)
            expect((await refusal(verifier, repeated)).code).toBe("signature_replayed");
        }
      },
    );
  });
}
