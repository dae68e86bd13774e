/**
 * Rows of a target's metadata and key set.
 *
 * @module
 */

import type { ClauseName } from "../manifest/clauses.ts";
import { inconclusive } from "../suite/check.ts";
import { pairOf, type Spec } from "../suite/rows.ts";
import { jsonOf } from "../suite/target.ts";
import { type PartyBench, publishedKeys } from "./bench.ts";

const ENDPOINTS = [
  "authorization_endpoint",
  "auth_token_endpoint",
  "person_token_endpoint",
  "mission_endpoint",
];
const ADDRESSES = ["jwks_uri", "tos_uri", "policy_uri", "logo_uri", "logo_dark_uri"];
const FULLY_SPECIFIED = /^(?:Ed25519|Ed448|ES256|ES384|ES512|PS\d+|RS\d+|ML-DSA-\d+)$/;

type Members = Readonly<Record<string, unknown>>;
/** A row about metadata, or about the keys of a key set. */
type Fact<Value> = readonly [
  number: string,
  clause: ClauseName,
  title: string,
  problem: (value: Value) => string | false,
];

const badOf = (metadata: Members, names: readonly string[], isGood: (value: unknown) => boolean) => {
  const bad = names.filter((name) => metadata[name] !== undefined && !isGood(metadata[name]));
  return bad.length > 0 && `${bad.join(", ")} is not`;
};
const isEndpoint = (value: unknown): boolean => {
  const url = URL.parse(String(value));
  return url?.protocol === "https:" && url.search === "" && url.hash === "" && !String(value).includes("?");
};
const isHttps = (value: unknown) => String(value).startsWith("https://");

const issuerProblem = ({ issuer }: Members) =>
  !/^https:\/\/[a-z0-9.-]+$/.test(String(issuer)) && `it is ${String(issuer)}`;
const windowProblem = ({ signature_window: window = 60 }: Members) =>
  !(Number.isInteger(window) && Number(window) > 0) && `it is ${String(window)}`;
const componentsProblem = ({ additional_signature_components: more = [] }: Members) => {
  const isNames = Array.isArray(more) && more.every((name) => typeof name === "string");
  return !isNames && `it is ${JSON.stringify(more)}`;
};

const FACTS: readonly Fact<Members>[] = [
  ["11.1.1-01", "11.1.1/form", "has an issuer of scheme and host alone", issuerProblem],
  [
    "11.1.2-01",
    "11.1.2/endpoints",
    "has endpoints of https without query",
    (metadata) => badOf(metadata, ENDPOINTS, isEndpoint),
  ],
  ["11.1.2-02", "11.1.2/jwks", "has addresses of https", (metadata) => badOf(metadata, ADDRESSES, isHttps)],
];
const RESOURCE_FACTS: readonly Fact<Members>[] = [
  ["11.2.4-01", "11.2.4/window", "has a whole number as signature_window", windowProblem],
  ["11.2.4-02", "11.2.4/components", "names additional components", componentsProblem],
];

export function documentRows(document: string, needs: readonly string[] = []): readonly Spec<PartyBench>[] {
  const { accepts } = pairOf<PartyBench>(needs);
  const isResource = document === "aauth-resource.json";
  const title = `publishes ${document} with its own issuer`;
  return [
    accepts("11.2-11", "11.2/issuer", title, async ({ target, id }) => {
      const answer = await target.get(`${id}/.well-known/${document}`);
      if (answer.status !== 200) return `the document was answered ${answer.status}`;
      const { issuer } = jsonOf(answer) ?? {};
      return issuer !== id && `the issuer is ${JSON.stringify(issuer)}, not ${id}`;
    }),
    ...[...FACTS, ...(isResource ? RESOURCE_FACTS : [])].map(([number, clause, own, problem]) =>
      accepts(number, clause, own, ({ metadata }) => problem(metadata)),
    ),
  ];
}

type Keys = readonly Members[];
const algProblem = (keys: Keys) => {
  const bad = keys.filter(({ alg }) => !FULLY_SPECIFIED.test(String(alg)));
  return bad.length > 0 && `alg of ${String(bad[0]?.kid)} is ${String(bad[0]?.alg)}`;
};
const kidProblem = (keys: Keys) => {
  const names = keys.map(({ kid }) => kid);
  if (names.some((kid) => typeof kid !== "string")) return "a key has no kid";
  return new Set(names).size < names.length && "two keys have one kid";
};
const typeProblem = (keys: Keys) => keys.some(({ kty }) => kty === "oct") && "there is an oct key";

const KEY_FACTS: readonly Fact<Keys>[] = [
  ["11.4-11", "11.4/alg", "publishes keys with a fully-specified alg", algProblem],
  ["11.5.1-11", "11.5.1/kid", "publishes keys that kid can name", kidProblem],
  ["11.3.1-11", "11.3.1/symmetric", "publishes no symmetric key", typeProblem],
];

export const keySetRows = (needs: readonly string[] = []): readonly Spec<PartyBench>[] =>
  KEY_FACTS.map(([number, clause, title, problem]) =>
    pairOf<PartyBench>(needs).accepts(number, clause, title, async (bench) => {
      const keys = await publishedKeys(bench);
      return keys.length > 0 ? problem(keys) : inconclusive("jwks_uri has no keys");
    }),
  );
