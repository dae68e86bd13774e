/**
 * Checks of a target's metadata and key set.
 *
 * @module
 */

import type { Check, Role } from "../suite/check.ts";
import { failed, inconclusive, passed, verdictOf } from "../suite/check.ts";
import { checkOf } from "../suite/rows.ts";
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
  const base = { role, needs, polarity: "accept" } as const;
  return [
    checkOf<B>({
      ...base,
      needs: role === "resource" ? needs : [],
      id: `${prefix}-11.2-11`,
      title: `publishes ${document} with its own issuer`,
      clause: "11.2/issuer",
      async run({ target, id }) {
        const answer = await target.get(`${id}/.well-known/${document}`);
        if (answer.status !== 200) return failed(`the document was answered ${answer.status}`);
        const { issuer } = jsonOf(answer) ?? {};
        return issuer === id ? passed : failed(`the issuer is ${JSON.stringify(issuer)}, not ${id}`);
      },
    }),
    checkOf<B>({
      ...base,
      id: `${prefix}-11.1.1-01`,
      title: "has an issuer of scheme and host alone",
      clause: "11.1.1/form",
      run: ({ metadata: { issuer } }) =>
        verdictOf(/^https:\/\/[a-z0-9.-]+$/.test(String(issuer)) ? undefined : `it is ${String(issuer)}`),
    }),
    checkOf<B>({
      ...base,
      id: `${prefix}-11.1.2-01`,
      title: "has endpoints of https without query and fragment",
      clause: "11.1.2/endpoints",
      run({ metadata }) {
        const bad = ENDPOINTS.filter((name) => metadata[name] !== undefined && !isEndpoint(metadata[name]));
        return verdictOf(bad.length > 0 && `${bad.join(", ")} is not`);
      },
    }),
    checkOf<B>({
      ...base,
      id: `${prefix}-11.1.2-02`,
      title: "has addresses of https",
      clause: "11.1.2/jwks",
      run({ metadata }) {
        const bad = ADDRESSES.filter(
          (name) => metadata[name] !== undefined && !String(metadata[name]).startsWith("https://"),
        );
        return verdictOf(bad.length > 0 && `${bad.join(", ")} is not`);
      },
    }),
    ...(role === "resource" ? resourceDocumentChecks<B>(prefix, needs) : []),
  ];
}

function resourceDocumentChecks<B extends PublishingBench>(
  prefix: string,
  needs: readonly string[],
): readonly Check<B>[] {
  const base = { role: "resource", needs, polarity: "accept" } as const;
  return [
    checkOf<B>({
      ...base,
      id: `${prefix}-11.2.4-01`,
      title: "has a whole number of seconds as signature_window",
      clause: "11.2.4/window",
      run: ({ metadata: { signature_window: window = 60 } }) =>
        verdictOf(Number.isInteger(window) && Number(window) > 0 ? undefined : `it is ${String(window)}`),
    }),
    checkOf<B>({
      ...base,
      id: `${prefix}-11.2.4-02`,
      title: "names additional components in an array of strings",
      clause: "11.2.4/components",
      run({ metadata: { additional_signature_components: more = [] } }) {
        const isNames = Array.isArray(more) && more.every((name) => typeof name === "string");
        return verdictOf(isNames ? undefined : `it is ${JSON.stringify(more)}`);
      },
    }),
    checkOf<B>({
      ...base,
      id: `${prefix}-11.2.4-03`,
      title: "has a revocation endpoint if it accepts person tokens",
      clause: "11.2.4/revocation",
      level: "should",
      run: ({ claims }) =>
        claims.has("a route for person-token") || claims.has("a route for auth-token")
          ? verdictOf(claims.has("revocation_endpoint") ? undefined : "there is no revocation_endpoint")
          : passed,
    }),
  ];
}

const isEndpoint = (value: unknown): boolean => {
  const url = URL.parse(String(value));
  return url?.protocol === "https:" && url.search === "" && url.hash === "" && !String(value).includes("?");
};

export function keySetChecks<B extends PublishingBench>(
  role: Role,
  prefix: string,
  needs: readonly string[],
): readonly Check<B>[] {
  const base = { role, needs, polarity: "accept" } as const;
  const keysOf = async ({ target, metadata }: B) => {
    const answer = await target.get(String(metadata.jwks_uri));
    const keys = answer.status === 200 ? jsonOf(answer)?.keys : undefined;
    return Array.isArray(keys) ? (keys as Record<string, unknown>[]) : undefined;
  };
  return [
    checkOf<B>({
      ...base,
      id: `${prefix}-11.4-11`,
      title: "publishes keys with a fully-specified alg",
      clause: "11.4/alg",
      async run(bench) {
        const keys = await keysOf(bench);
        if (keys === undefined || keys.length === 0) return failed("jwks_uri has no keys");
        const bad = keys.filter(({ alg }) => !FULLY_SPECIFIED.test(String(alg)));
        return verdictOf(bad.length > 0 && `alg of ${String(bad[0]?.kid)} is ${String(bad[0]?.alg)}`);
      },
    }),
    checkOf<B>({
      ...base,
      id: `${prefix}-11.5.1-11`,
      title: "publishes keys that kid can name",
      clause: "11.5.1/kid",
      async run(bench) {
        const keys = await keysOf(bench);
        if (keys === undefined) return inconclusive("jwks_uri has no keys");
        const names = keys.map(({ kid }) => kid);
        if (names.some((kid) => typeof kid !== "string")) return failed("a key has no kid");
        return verdictOf(new Set(names).size < names.length && "two keys have one kid");
      },
    }),
    checkOf<B>({
      ...base,
      id: `${prefix}-11.3.1-11`,
      title: "publishes no symmetric key",
      clause: "11.3.1/symmetric",
      async run(bench) {
        const keys = await keysOf(bench);
        if (keys === undefined) return inconclusive("jwks_uri has no keys");
        return verdictOf(keys.some(({ kty }) => kty === "oct") && "there is an oct key");
      },
    }),
  ];
}
