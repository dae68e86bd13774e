/**
 * RFC 9421 alone: a verifier that knows two keys by `keyid`, and nothing of AAuth.
 *
 * @module
 */

import { generateKey, type KeyPair } from "../judge/keys.ts";
import { later, laterField, malformedInput, otherBody, otherByte, signedFor } from "../messages/cases.ts";
import { compose, type Plan, planOf, setParam } from "../messages/plan.ts";
import type { Check } from "../suite/check.ts";
import { checksOf } from "../suite/rows.ts";
import { type Case, caseRows, type Subject } from "../suite/subject.ts";
import { type VerifyBench, verify } from "./verify.ts";

const KEYS = { ed25519: generateKey("key-ed25519"), es256: generateKey("key-es256", "ES256") };
const ALG_NAMES = { Ed25519: "ed25519", ES256: "ecdsa-p256-sha256" } as const;

const SUBJECT: Subject<VerifyBench, Plan> = {
  status: 401,
  plan: ({ world }) => {
    const plan = planOf({
      method: "POST",
      authority: "verifier.example",
      target: "/path%2Fwith/parts?name=a%20b&empty=",
      fields: [["x-note", "one"]],
      body: JSON.stringify({ canary: crypto.randomUUID() }),
      key: KEYS.ed25519,
      components: ["@method", "@authority", "@path", "@query", "content-type", "content-digest", "x-note"],
      created: world.now(),
    });
    setParam(plan, "keyid", KEYS.ed25519.kid);
    return plan;
  },
  send: ({ target, world }, plan) =>
    verify(target, compose(plan), {
      profile: "rfc9421",
      now: world.now(),
      keys: Object.values(KEYS).map(({ publicJwk }) => publicJwk),
    }),
};

type RfcCase = Case<VerifyBench, Plan>;

const signWith = (key: KeyPair) => (plan: Plan) => {
  plan.key = key;
  setParam(plan, "keyid", key.kid);
};

/** Signs for one target and sends another. */
const retarget = (from: string, to: string) => signedFor("target", (target) => target.replace(from, to));

const ACCEPTED: readonly RfcCase[] = [
  ["2-01", "RFC2.3/last", "accepts a valid message", () => {}],
  ["2-02", "RFC2.3/last", "accepts components in another order", ({ components }) => components.reverse()],
  ["2.3-01", "RFC2.3/last", "accepts parameters in another order", ({ params }) => params.reverse()],
  [
    "2.2.7-01",
    "RFC2.2.7/none",
    "reads @query of a target without a query as a question mark",
    (plan) => Object.assign(plan, { target: "/path" }),
  ],
  [
    "2.1-01",
    "RFC2.1/combine",
    "joins several lines of a field with a comma and a space",
    ({ fields }) => fields.push(["x-note", "two"]),
  ],
  ["3.2-01", "RFC3.2/steps", "accepts ES256", signWith(KEYS.es256), undefined, "may"],
  [
    "3.2-02",
    "RFC3.2/alg",
    "accepts an alg parameter that is the key's",
    (plan) => setParam(plan, "alg", ALG_NAMES.Ed25519),
  ],
  ["4-01", "RFC4/label", "accepts any label", (plan) => Object.assign(plan, { label: "another-label" })],
];

const addedLine = later(({ fields }) => fields.push(["x-note", "two"]));
const lowerCase = signedFor("method", (method) => method.toLowerCase());
const otherAlg = (plan: Plan) => setParam(plan, "alg", ALG_NAMES.ES256);
const otherKey = (plan: Plan) => Object.assign(plan, { key: generateKey(KEYS.ed25519.kid) });
const otherParameter = laterField("signature-input", (value) =>
  value.replace(/created=(\d+)/, (_, created) => `created=${Number(created) + 1}`),
);
const otherLabel = laterField("signature-input", (value) => `x${value}`);
const expired = (plan: Plan) => setParam(plan, "expires", Number(plan.params[0]![1]) - 60);
const absent = laterField("x-note", () => undefined);
const twice = (plan: Plan) => plan.components.push("@method");

const REFUSED: readonly (readonly [RfcCase[0], RfcCase[1], flaw: string, RfcCase[3], level?: "may"])[] = [
  ["2.2.7-02", "RFC2.2.7/query", "a query with other percent-encoding", retarget("%20", "+")],
  ["2.1-02", "RFC2.1/combine", "a line that was added to a covered field", addedLine],
  ["2-03", "RFC2/once", "a component that is named twice", twice],
  ["2.5-01", "RFC2.5/absent", "a message without a covered field", absent],
  ["2.2.1-01", "RFC2.2.1/method", "a method in other case", lowerCase],
  ["3.2-03", "RFC3.2/alg", "an alg parameter that is not the key's", otherAlg],
  ["3.2-04", "RFC3.2/known", "a key that it does not know", signWith(generateKey("unknown-key"))],
  ["3.2-05", "RFC3.2/steps", "a signature of another key under a known keyid", otherKey],
  ["3.2-06", "RFC3.2/steps", "a changed path", retarget("%2F", "/")],
  ["3.2-07", "RFC3.2/steps", "a changed field", laterField("x-note", () => "two")],
  ["3.2-08", "RFC3.2/steps", "a changed body with its new digest", otherBody],
  ["3.2-09", "RFC3.2/steps", "a changed parameter of the signature", otherParameter],
  ["3.2-10", "RFC3.2/corresponding", "a signature without its Signature-Input", otherLabel],
  ["3.2-11", "RFC3.2/steps", "a Signature-Input that is not well-formed", malformedInput],
  ["3.2-12", "RFC3.2/steps", "a signature with a changed byte", otherByte],
  ["3.2.1-01", "RFC3.2.1/expires", "a signature whose expires has passed", expired, "may"],
];

/** Checks of a verifier of RFC 9421. */
export const RFC9421_CHECKS: readonly Check<VerifyBench>[] = checksOf(
  "verify",
  caseRows<VerifyBench, Plan>(SUBJECT, [
    ...ACCEPTED,
    ...REFUSED.map(
      ([number, clause, flaw, change, level]): RfcCase => [
        number,
        clause,
        `refuses ${flaw}`,
        change,
        "",
        level,
      ],
    ),
  ]),
  "HS",
);
