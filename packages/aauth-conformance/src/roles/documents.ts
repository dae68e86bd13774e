/**
 * Checks of a target's metadata and key set.
 *
 * @module
 */

import { type Jwt, jwtHolds } from "../judge/jws.ts";
import type { Jwk } from "../judge/keys.ts";
import { type Check, inconclusive, type Role } from "../suite/check.ts";
import { pairOf } from "../suite/rows.ts";
import type { Bench } from "../suite/run.ts";
import { jsonOf, type Target } from "../suite/target.ts";

/** A bench whose target publishes a document. */
export interface PublishingBench extends Bench {
  readonly target: Target;
  readonly id: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const ENDPOINTS = [
  "authorization_endpoint",
  "auth_token_endpoint",
  "person_token_endpoint",
  "mission_endpoint",
];
const ADDRESSES = ["jwks_uri", "tos_uri", "policy_uri", "logo_uri", "logo_dark_uri"];
const FULLY_SPECIFIED = /^(?:Ed25519|Ed448|ES256|ES384|ES512|PS\d+|RS\d+|ML-DSA-\d+)$/;

export function documentChecks<B extends PublishingBench>(
  role: Role,
  prefix: string,
  document: string,
  needs: readonly string[],
): readonly Check<B>[] {
  const { accepts } = pairOf<B>(role, prefix, needs);
  const always = pairOf<B>(role, prefix, role === "resource" ? needs : []);
  const badOf = ({ metadata }: B, names: readonly string[], isGood: (value: unknown) => boolean) => {
    const bad = names.filter((name) => metadata[name] !== undefined && !isGood(metadata[name]));
    return bad.length > 0 && `${bad.join(", ")} is not`;
  };
  const title = `publishes ${document} with its own issuer`;
  return [
    always.accepts("11.2-11", "11.2/issuer", title, async ({ target, id }) => {
      const answer = await target.get(`${id}/.well-known/${document}`);
      if (answer.status !== 200) return `the document was answered ${answer.status}`;
      const { issuer } = jsonOf(answer) ?? {};
      return issuer !== id && `the issuer is ${JSON.stringify(issuer)}, not ${id}`;
    }),
    accepts("11.1.1-01", "11.1.1/form", "has an issuer of scheme and host alone", ({ metadata }) => {
      const issuer = String(metadata.issuer);
      return !/^https:\/\/[a-z0-9.-]+$/.test(issuer) && `it is ${issuer}`;
    }),
    accepts("11.1.2-01", "11.1.2/endpoints", "has endpoints of https without query", (bench) =>
      badOf(bench, ENDPOINTS, isEndpoint),
    ),
    accepts("11.1.2-02", "11.1.2/jwks", "has addresses of https", (bench) =>
      badOf(bench, ADDRESSES, (value) => String(value).startsWith("https://")),
    ),
    ...(role === "resource" ? resourceDocumentChecks<B>(prefix, needs) : []),
  ];
}

function resourceDocumentChecks<B extends PublishingBench>(
  prefix: string,
  needs: readonly string[],
): readonly Check<B>[] {
  const { accepts } = pairOf<B>("resource", prefix, needs);
  const should = pairOf<B>("resource", prefix, needs, "should");
  return [
    accepts("11.2.4-01", "11.2.4/window", "has a whole number as signature_window", ({ metadata }) => {
      const { signature_window: window = 60 } = metadata;
      return !(Number.isInteger(window) && Number(window) > 0) && `it is ${String(window)}`;
    }),
    accepts("11.2.4-02", "11.2.4/components", "names additional components", ({ metadata }) => {
      const { additional_signature_components: more = [] } = metadata;
      const isNames = Array.isArray(more) && more.every((name) => typeof name === "string");
      return !isNames && `it is ${JSON.stringify(more)}`;
    }),
    should.accepts(
      "11.2.4-03",
      "11.2.4/revocation",
      "has a revocation endpoint if it accepts person tokens",
      ({ claims }) =>
        (claims.has("a route for person-token") || claims.has("a route for auth-token")) &&
        !claims.has("revocation_endpoint") &&
        "there is no revocation_endpoint",
    ),
  ];
}

const isEndpoint = (value: unknown): boolean => {
  const url = URL.parse(String(value));
  return url?.protocol === "https:" && url.search === "" && url.hash === "" && !String(value).includes("?");
};

/** Keys that the target publishes. */
export async function publishedKeys({ target, metadata }: PublishingBench): Promise<readonly Jwk[]> {
  const keys = jsonOf(await target.get(String(metadata.jwks_uri)))?.keys;
  return Array.isArray(keys) ? keys.filter((key) => typeof key === "object" && key !== null) : [];
}

/** Problem of a token that no published key has signed. */
export async function unsignedProblem(bench: PublishingBench, jwt: Jwt): Promise<string | false> {
  try {
    return !jwtHolds(jwt, await publishedKeys(bench)) && "no published key has signed it";
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

export function keySetChecks<B extends PublishingBench>(
  role: Role,
  prefix: string,
  needs: readonly string[],
): readonly Check<B>[] {
  const { accepts } = pairOf<B>(role, prefix, needs);
  const row = (
    number: string,
    clause: Parameters<typeof accepts>[1],
    title: string,
    problem: (keys: readonly Record<string, unknown>[]) => string | false,
  ) =>
    accepts(number, clause, title, async (bench) => {
      const keys = await publishedKeys(bench);
      return keys.length > 0 ? problem(keys) : inconclusive("jwks_uri has no keys");
    });
  return [
    row("11.4-11", "11.4/alg", "publishes keys with a fully-specified alg", (keys) => {
      const bad = keys.filter(({ alg }) => !FULLY_SPECIFIED.test(String(alg)));
      return bad.length > 0 && `alg of ${String(bad[0]?.kid)} is ${String(bad[0]?.alg)}`;
    }),
    row("11.5.1-11", "11.5.1/kid", "publishes keys that kid can name", (keys) => {
      const names = keys.map(({ kid }) => kid);
      if (names.some((kid) => typeof kid !== "string")) return "a key has no kid";
      return new Set(names).size < names.length && "two keys have one kid";
    }),
    row(
      "11.3.1-11",
      "11.3.1/symmetric",
      "publishes no symmetric key",
      (keys) => keys.some(({ kty }) => kty === "oct") && "there is an oct key",
    ),
  ];
}
