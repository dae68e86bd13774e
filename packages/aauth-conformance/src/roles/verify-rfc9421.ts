/**
 * RFC 9421 alone: a verifier that knows two keys by `keyid`, and nothing of AAuth.
 *
 * @module
 */

import { contentDigest } from "../judge/content-digest.ts";
import { generateKey, type KeyPair } from "../judge/keys.ts";
import type { ClauseName } from "../manifest/clauses.ts";
import { type Plan, replaceField, setParam } from "../messages/plan.ts";
import type { Check } from "../suite/check.ts";
import { pairOf } from "../suite/rows.ts";
import { expectRefused, expectServed, type Subject } from "../suite/subject.ts";
import { type VerifyBench, verify } from "./verify.ts";

const KEYS = { ed25519: generateKey("key-ed25519"), es256: generateKey("key-es256", "ES256") };
const ALG_NAMES = { Ed25519: "ed25519", ES256: "ecdsa-p256-sha256" } as const;

function subjectOf({ target, world }: VerifyBench): Subject {
  return {
    plan: () => ({
      method: "POST",
      authority: "verifier.example",
      target: "/path%2Fwith/parts?name=a%20b&empty=",
      fields: [["x-note", "one"]],
      body: JSON.stringify({ canary: crypto.randomUUID() }),
      label: "sig",
      key: KEYS.ed25519,
      otherKeys: "",
      token: undefined,
      signatureKey: undefined,
      components: ["@method", "@authority", "@path", "@query", "content-type", "content-digest", "x-note"],
      params: [
        ["created", world.now()],
        ["keyid", KEYS.ed25519.kid],
      ],
      tampers: [],
    }),
    send: (wire) =>
      verify(target, wire, {
        profile: "rfc9421",
        now: world.now(),
        keys: Object.values(KEYS).map(({ publicJwk }) => publicJwk),
      }),
  };
}

/** A change of a valid message. Default of the level: `must`. */
type Case = readonly [
  number: string,
  clause: ClauseName,
  title: string,
  change: (plan: Plan) => unknown,
  level?: "may",
];

const signWith = (key: KeyPair) => (plan: Plan) => {
  plan.key = key;
  setParam(plan, "keyid", key.kid);
};

/** Changes a message that is signed. */
const later = (tamper: Plan["tampers"][number]) => (plan: Plan) => plan.tampers.push(tamper);
const laterField = (name: string, change: (value: string) => string | undefined) =>
  later((draft) => replaceField(draft, name, change));

/** Signs for one target and sends another. */
const retarget = (from: string, to: string) => (plan: Plan) => {
  const { target } = plan;
  plan.target = target.replace(from, to);
  later((draft) => {
    draft.target = target;
  })(plan);
};

const ACCEPTED: readonly Case[] = [
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
  ["3.2-01", "RFC3.2/steps", "accepts ES256", signWith(KEYS.es256), "may"],
  [
    "3.2-02",
    "RFC3.2/alg",
    "accepts an alg parameter that is the key's",
    (plan) => setParam(plan, "alg", ALG_NAMES.Ed25519),
  ],
  ["4-01", "RFC4/label", "accepts any label", (plan) => Object.assign(plan, { label: "another-label" })],
];

const addedLine = later(({ fields }) => fields.push(["x-note", "two"]));
const lowerCase = (plan: Plan) => {
  plan.method = "post";
  later((draft) => Object.assign(draft, { method: "POST" }))(plan);
};
const otherAlg = (plan: Plan) => setParam(plan, "alg", ALG_NAMES.ES256);
const otherKey = (plan: Plan) => Object.assign(plan, { key: generateKey(KEYS.ed25519.kid) });
const otherBody = later((draft) => {
  draft.body = `${draft.body} `;
  replaceField(draft, "content-digest", () => contentDigest(draft.body ?? ""));
});
const otherParameter = laterField("signature-input", (value) =>
  value.replace(/created=(\d+)/, (_, created) => `created=${Number(created) + 1}`),
);
const otherByte = laterField("signature", (value) =>
  value.replace(/:(.)/, (_, first: string) => `:${first === "A" ? "B" : "A"}`),
);
const otherLabel = laterField("signature-input", (value) => `x${value}`);
const malformed = laterField("signature-input", (value) => value.replace("(", "(("));
const expired = (plan: Plan) => setParam(plan, "expires", Number(plan.params[0]![1]) - 60);

const REFUSED: readonly Case[] = [
  ["2.2.7-02", "RFC2.2.7/query", "refuses a query with other percent-encoding", retarget("%20", "+")],
  ["2.1-02", "RFC2.1/combine", "refuses a line that was added to a covered field", addedLine],
  ["2-03", "RFC2/once", "refuses a component that is named twice", (plan) => plan.components.push("@method")],
  [
    "2.5-01",
    "RFC2.5/absent",
    "refuses a message without a covered field",
    laterField("x-note", () => undefined),
  ],
  ["2.2.1-01", "RFC2.2.1/method", "refuses a method in other case", lowerCase],
  ["3.2-03", "RFC3.2/alg", "refuses an alg parameter that is not the key's", otherAlg],
  ["3.2-04", "RFC3.2/known", "refuses a key that it does not know", signWith(generateKey("unknown-key"))],
  ["3.2-05", "RFC3.2/steps", "refuses a signature of another key under a known keyid", otherKey],
  ["3.2-06", "RFC3.2/steps", "refuses a changed path", retarget("%2F", "/")],
  ["3.2-07", "RFC3.2/steps", "refuses a changed field", laterField("x-note", () => "two")],
  ["3.2-08", "RFC3.2/steps", "refuses a changed body with its new digest", otherBody],
  ["3.2-09", "RFC3.2/steps", "refuses a changed parameter of the signature", otherParameter],
  ["3.2-10", "RFC3.2/corresponding", "refuses a signature without its Signature-Input", otherLabel],
  ["3.2-11", "RFC3.2/steps", "refuses a Signature-Input that is not well-formed", malformed],
  ["3.2-12", "RFC3.2/steps", "refuses a signature with a changed byte", otherByte],
  ["3.2.1-01", "RFC3.2.1/expires", "refuses a signature whose expires has passed", expired, "may"],
];

/** Checks of a verifier of RFC 9421. */
export const RFC9421_CHECKS: readonly Check<VerifyBench>[] = [
  ...ACCEPTED.map(([number, clause, title, change, level]) =>
    pairOf<VerifyBench>("verify", "HS", [], level).accepts(number, clause, title, (bench) =>
      expectServed(subjectOf(bench), change),
    ),
  ),
  ...REFUSED.map(([number, clause, title, change, level]) =>
    pairOf<VerifyBench>("verify", "HS", [], level).refuses(number, clause, title, (bench) =>
      expectRefused(subjectOf(bench), change, { codes: [] }),
    ),
  ),
];
