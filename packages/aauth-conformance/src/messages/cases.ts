/**
 * Messages that a verifier of draft -11 must accept or refuse, as data: what is changed in a valid
 * message, and what the answer must be. Roles run them against their own endpoints.
 *
 * @module
 */

import { contentDigest } from "../judge/content-digest.ts";
import { generateKey } from "../judge/keys.ts";
import { publicPart, type World } from "../peers/world.ts";
import type { Case } from "../suite/subject.ts";
import { type Draft, type Plan, replaceField, setParam, uncover } from "./plan.ts";

export type MessageCase = Case<{ readonly world: World }, Plan>;
export type Change = MessageCase[3];

const WINDOW_SECONDS = 60;
const SIGNATURE = "invalid_signature";
const ALGORITHM = "unsupported_algorithm";
const SCHEME = "unsupported_scheme";
const BODY = `invalid_input ${SIGNATURE}`;
const SYMMETRIC = `${ALGORITHM} invalid_key invalid_jwt`;
const WRONG_DOCUMENT = "invalid_key unknown_key invalid_jwt";
const es256Agent = generateKey("agent-es256", "ES256");

const param =
  (name: string, value: string | undefined): Change =>
  (plan) =>
    setParam(plan, name, value);

/** Sets a parameter of the signature to seconds from now. */
const inSeconds =
  (name: string, seconds: number): Change =>
  (plan, { world }) =>
    setParam(plan, name, world.now() + seconds);

/** Another key has the token, and signs the message. */
const withEs256: Change = (plan) => {
  plan.key = es256Agent;
  plan.token!.claims.cnf = { jwk: publicPart(es256Agent) };
};

/** Changes the key that the token confirms. */
const confirming =
  (members: object): Change =>
  (plan) =>
    Object.assign((plan.token!.claims.cnf as { jwk: object }).jwk, members);

/** Changes a message that is signed. */
export const later =
  (tamper: (draft: Draft) => unknown): Change =>
  (plan) =>
    plan.tampers.push(tamper);

/** Changes a field after the signature; undefined removes it. */
export const laterField = (name: string, change: (value: string) => string | undefined): Change =>
  later((draft) => replaceField(draft, name, change));

const without = (name: string) => laterField(name, () => undefined);

/** Signs one value of the message and sends another. */
export const signedFor =
  (name: "method" | "target", change: (value: string) => string): Change =>
  (plan) => {
    const { [name]: sent } = plan;
    plan[name] = change(sent);
    plan.tampers.push((draft) => Object.assign(draft, { [name]: sent }));
  };

/** Shows a key of another scheme in place of the token. */
const signedAs =
  (signatureKey: string): Change =>
  (plan) =>
    Object.assign(plan, { token: undefined, signatureKey });

/** Replaces a parameter of `jwks_uri`. */
const naming =
  (name: string, value: string): Change =>
  (plan) => {
    plan.signatureKey = plan.signatureKey!.replace(new RegExp(`${name}="[^"]+"`), `${name}="${value}"`);
  };

const covering =
  (name: string): Change =>
  ({ fields, components }) => {
    fields.push([name, "before"]);
    components.push(name);
  };

const refused = (
  codes: string,
  cases: readonly (readonly [MessageCase[0], MessageCase[1], flaw: string, Change])[],
): readonly MessageCase[] =>
  cases.map(([number, clause, flaw, change]) => [number, clause, `refuses ${flaw}`, change, codes]);

const uncovered = (number: string, name: string, clause: MessageCase[1] = "11.3.4/coverage"): MessageCase => [
  number,
  clause,
  `refuses a signature that does not cover ${name}`,
  (plan) => uncover(plan, name),
  "invalid_input",
  undefined,
  ({ fields }) =>
    fields["signature-error"]?.includes("required_input=(") ? undefined : "the answer has no required_input",
];

/** Changes the first character of a byte sequence. */
export const otherByte = laterField("signature", (value) =>
  value.replace(/:(.)/, (_, first: string) => `:${first === "A" ? "B" : "A"}`),
);
export const malformedInput = laterField("signature-input", (value) => value.replace("(", "(("));
const longerBody = (draft: Draft) => {
  draft.body = `${draft.body} `;
};
export const otherBody = later((draft) => {
  longerBody(draft);
  replaceField(draft, "content-digest", () => contentDigest(draft.body ?? ""));
});
const otherField: Change = (plan, bench) => {
  covering("x-conformance")(plan, bench);
  return laterField("x-conformance", () => "after")(plan, bench);
};
const otherLabel: Change = (plan, bench) => {
  for (const name of ["signature", "signature-input"]) laterField(name, (value) => `x${value}`)(plan, bench);
};
const otherKey: Change = (plan, { world }) => Object.assign(plan, { key: world.unknownKey });
const asAgent: Change = (plan, { world: { agent, agentToken } }) =>
  Object.assign(plan, { key: agent.key, token: agentToken() });
const asServer: Change = (plan, bench) => {
  const { id, key } = bench.world.parties.ap;
  plan.key = key;
  return signedAs(`jwks_uri;id="${id}";dwk="aauth-agent.json";kid="${key.kid}"`)(plan, bench);
};
const asBareKey: Change = (plan, bench) => {
  const { x } = plan.key.publicJwk;
  return signedAs(`hwk;kty="OKP";crv="Ed25519";x="${String(x)}";alg="Ed25519"`)(plan, bench);
};
const symmetric: Change = ({ token }) => {
  token!.claims.cnf = { jwk: { kty: "oct", k: "c2VjcmV0", alg: "HS256" } };
};
const unnamed: MessageCase[6] = ({ fields }) =>
  fields["accept-signature-scheme"] === undefined ? "there is no Accept-Signature-Scheme" : undefined;

const reversed: Change = ({ components }) => components.reverse();
const ownAlg = param("alg", "ed25519");
const otherAlg = param("alg", "ecdsa-p256-sha256");
const otherId = param("keyid", "another-key");
const undefinedScheme = signedAs('from-the-future;key="abc"');
const otherDocument = naming("dwk", "openid-configuration");
const old = inSeconds("created", -WINDOW_SECONDS - 30);
const ahead = inSeconds("created", WINDOW_SECONDS + 30);
const recent = inSeconds("created", -WINDOW_SECONDS / 2);
const labelled: Change = (plan) => Object.assign(plan, { label: "another-label" });
const alsoKeyed: Change = (plan) => Object.assign(plan, { otherKeys: ', other=jwt;jwt="a.b.c"' });
/** The route stays the same: the signature is over the other method. */
const otherMethod = signedFor("method", (method) => (method === "POST" ? "PUT" : "DELETE"));
const otherPath = signedFor("target", () => "/somewhere-else");
const badKey = laterField("signature-key", (value) => `${value};"`);

/** Section 11.3: the signature. */
export const SIGNATURE_CASES: readonly MessageCase[] = [
  ["11.3.3.1-01", "11.3.3.1/base", "accepts a valid message", () => {}],
  ["11.3.3.1-02", "11.3.3.1/base", "accepts covered components in another order", reversed],
  ["11.3.3.1-03", "11.3.3.1/base", "accepts a further covered field", covering("x-conformance")],
  ["11.3.3.2-01", "11.3.3.2/alg", "ignores an alg parameter that names the key's algorithm", ownAlg],
  ["11.3.3.2-02", "11.3.3.2/alg", "ignores an alg parameter that names another algorithm", otherAlg],
  ["11.3.3.2-03", "11.3.3.2/keyid", "refuses a keyid of another key", otherId, `${SIGNATURE} invalid_key`],
  uncovered("11.3.4-04", "@method"),
  uncovered("11.3.4-05", "@authority"),
  uncovered("11.3.4-06", "@path"),
  uncovered("11.3.4-07", "signature-key"),
  ["11.3.4-10", "11.3.4/freshness", "refuses a signature further ahead than the window", ahead, "clock_skew"],
  ["11.3.4-11", "11.3.4/window", "accepts a signature half a window old", recent],
  ["11.3.4.2-02", "11.3.4.2/expires", "accepts a future expires", inSeconds("expires", WINDOW_SECONDS)],
  ["11.3.4-12", "11.3.4/label", "reads the label, whatever its name", labelled],
  ["11.3.4-13", "11.3.4/label", "ignores members of Signature-Key with other labels", alsoKeyed],
  ["11.3.4-16", "11.3.4/undefined", "refuses a scheme that nothing defines", undefinedScheme, SCHEME],
  [
    "11.9.1-01",
    "11.9.1/accept",
    "names the schemes it accepts where it refuses one",
    undefinedScheme,
    SCHEME,
    "should",
    unnamed,
  ],
  ...refused(SIGNATURE, [
    ["11.3.4-01", "11.3.4/missing", "a message without Signature", without("signature")],
    ["11.3.4-02", "11.3.4/missing", "a message without Signature-Input", without("signature-input")],
    ["11.3.4-03", "11.3.4/missing", "a message without Signature-Key", without("signature-key")],
    ["11.3.4-08", "11.3.4/created", "a signature without created", param("created", undefined)],
    ["11.3.4-09", "11.3.4/freshness", "a signature older than the window", old],
    ["11.3.4.2-01", "11.3.4.2/expires", "a signature whose expires has passed", inSeconds("expires", -5)],
    ["11.3.4-14", "11.3.4/label", "a Signature-Key without the signature's label", otherLabel],
    ["11.3.4-18", "11.3.4/signature", "a message signed by another key", otherKey],
    ["11.3.4-19", "11.3.4/signature", "a signature with a changed byte", otherByte],
    ["11.3.4-20", "11.3.4/signature", "a method changed after the signature", otherMethod],
    ["11.3.4-21", "11.3.4/signature", "a signature for another path", otherPath],
    ["11.3.4-22", "11.3.4/signature", "a field changed after the signature", otherField],
    ["11.3.4-25", "11.3.4/401", "a malformed Signature-Input", malformedInput],
    ["11.3.4-26", "11.3.4/401", "a malformed Signature-Key", badKey],
  ]),
];

/** Endpoints at which the signature must cover the body. */
export const BODY_CASES: readonly MessageCase[] = [
  uncovered("11.3.3.1-04", "content-digest", "11.3.3.1/body"),
  uncovered("11.3.3.1-05", "content-type", "11.3.3.1/body"),
  ["11.3.4-23", "11.3.4/signature", "refuses a body changed together with its digest", otherBody, SIGNATURE],
  ["11.3.4-24", "11.3.3.1/body", "refuses a body changed under its digest", later(longerBody), BODY],
];

/** Endpoints that servers call, with `jwks_uri`. */
export const SERVER_CASES: readonly MessageCase[] = [
  ["11.3.2-02", "11.3.2/server", "refuses the scheme jwt from a server", asAgent, SCHEME],
  ...refused(WRONG_DOCUMENT, [
    ["11.3.2-03", "11.3.2/dwk", "a jwks_uri with the document of another role", otherDocument],
  ]),
  ...refused("unknown_key", [
    [
      "11.3.4-17",
      "11.3.4/unknown",
      "a key that the server's key set does not have",
      naming("kid", "no-such-key"),
    ],
  ]),
];

/** Endpoints that agents call, with a token in `Signature-Key`. */
export const AGENT_CASES: readonly MessageCase[] = [
  ["11.3.1-01", "11.3.1/support", "accepts ES256, for message and token", withEs256, undefined, "should"],
  ["11.3.4-15", "11.3.2/not", "refuses the scheme hwk", asBareKey, SCHEME],
  ["11.3.2-01", "11.3.2/not", "refuses the scheme jwks_uri from an agent", asServer, SCHEME],
  ...refused(ALGORITHM, [
    ["11.3.1-02", "11.3.1/alg", "a key without alg", confirming({ alg: undefined })],
    ["11.3.1-03", "11.3.4/alg", "a key whose alg is the polymorphic EdDSA", confirming({ alg: "EdDSA" })],
  ]),
  ...refused("invalid_key", [
    ["11.3.1-04", "11.3.4/kty", "a key whose curve disagrees with its alg", confirming({ alg: "ES256" })],
    ["11.3.1-06", "11.3.4/unparsed", "a key that cannot be parsed", confirming({ x: "AAAA" })],
  ]),
  ["11.3.1-05", "11.3.1/symmetric", "refuses a symmetric key", symmetric, SYMMETRIC],
];
