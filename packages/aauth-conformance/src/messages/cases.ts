/**
 * Messages that a verifier of draft -11 must accept or refuse, as data: what is changed in a valid
 * message, and what the answer must be. Roles run them against their own endpoints.
 *
 * @module
 */

import { contentDigest } from "../judge/content-digest.ts";
import { generateKey, type KeyPair } from "../judge/keys.ts";
import type { ClauseName } from "../manifest/clauses.ts";
import { publicPart, type World } from "../peers/world.ts";
import type { Row } from "../suite/check.ts";
import type { Answer } from "../suite/target.ts";
import { type Plan, replaceField, setParam, uncover } from "./plan.ts";

/** Kinds of endpoint on which a case makes sense. */
export type Trait =
  /** Agents call it, with a token in `Signature-Key`. */
  | "jwt"
  /** Servers call it, with `jwks_uri`. */
  | "server"
  /** The signature must cover the body. */
  | "body"
  /** The message may have no body, as at a resource. */
  | "bodiless";

export interface MessageCase {
  /** Number below its section; with the role's letters the id of the check. */
  readonly number: string;
  readonly title: string;
  readonly clause: ClauseName;
  /** Default: `must`. */
  readonly level?: Row["level"];
  readonly traits: readonly Trait[];
  /** Codes with which it is refused; undefined: it must be accepted. */
  readonly codes?: readonly string[];
  /** A condition on the refusal. */
  readonly also?: (answer: Answer) => string | undefined;
  change(plan: Plan, world: World): void;
}

const WINDOW_SECONDS = 60;
const es256Agent = generateKey("agent-es256", "ES256");

/** Binds the token to another key, which then signs the message. */
function useKey(plan: Plan, key: KeyPair): void {
  plan.key = key;
  plan.token!.claims.cnf = { jwk: publicPart(key) };
}

const confirmation = (plan: Plan) => (plan.token!.claims.cnf as { jwk: Record<string, unknown> }).jwk;

const withoutField = (name: string) => (plan: Plan) => {
  plan.tampers.push((draft) => replaceField(draft, name, () => undefined));
};

function requiredInput({ fields }: Answer): string | undefined {
  return fields["signature-error"]?.includes("required_input=(")
    ? undefined
    : "the answer has no required_input";
}

const missingComponent = (name: string, number: string): MessageCase => ({
  number,
  title: `refuses a signature that does not cover ${name}`,
  clause: "11.3.4/coverage",
  traits: [],
  codes: ["invalid_input"],
  also: requiredInput,
  change: (plan) => uncover(plan, name),
});

/** Section 11.3: the signature. */
export const SIGNATURE_CASES: readonly MessageCase[] = [
  {
    number: "11.3.3.1-01",
    title: "accepts a valid message",
    clause: "11.3.3.1/base",
    traits: [],
    change: () => {},
  },
  {
    number: "11.3.3.1-02",
    title: "accepts covered components in another order",
    clause: "11.3.3.1/base",
    traits: [],
    change: (plan) => plan.components.reverse(),
  },
  {
    number: "11.3.3.1-03",
    title: "accepts a further covered field",
    clause: "11.3.3.1/base",
    traits: [],
    change(plan) {
      plan.fields.push(["x-conformance", "covered"]);
      plan.components.push("x-conformance");
    },
  },
  {
    number: "11.3.1-01",
    title: "accepts ES256, for the message and its token's key",
    clause: "11.3.1/support",
    level: "should",
    traits: ["jwt"],
    change: (plan) => useKey(plan, es256Agent),
  },
  {
    number: "11.3.3.2-01",
    title: "ignores an alg parameter that names the key's algorithm",
    clause: "11.3.3.2/alg",
    traits: [],
    change: (plan) => setParam(plan, "alg", "ed25519"),
  },
  {
    number: "11.3.3.2-02",
    title: "ignores an alg parameter that names another algorithm",
    clause: "11.3.3.2/alg",
    traits: [],
    change: (plan) => setParam(plan, "alg", "ecdsa-p256-sha256"),
  },
  {
    number: "11.3.3.2-03",
    title: "refuses a keyid that names another key than Signature-Key",
    clause: "11.3.3.2/keyid",
    traits: [],
    codes: ["invalid_signature", "invalid_key"],
    change: (plan) => setParam(plan, "keyid", "another-key"),
  },
  {
    number: "11.3.4-01",
    title: "refuses a message without Signature",
    clause: "11.3.4/missing",
    traits: [],
    codes: ["invalid_signature"],
    change: withoutField("signature"),
  },
  {
    number: "11.3.4-02",
    title: "refuses a message without Signature-Input",
    clause: "11.3.4/missing",
    traits: [],
    codes: ["invalid_signature"],
    change: withoutField("signature-input"),
  },
  {
    number: "11.3.4-03",
    title: "refuses a message without Signature-Key",
    clause: "11.3.4/missing",
    traits: [],
    codes: ["invalid_signature"],
    change: withoutField("signature-key"),
  },
  missingComponent("@method", "11.3.4-04"),
  missingComponent("@authority", "11.3.4-05"),
  missingComponent("@path", "11.3.4-06"),
  missingComponent("signature-key", "11.3.4-07"),
  {
    ...missingComponent("content-digest", "11.3.3.1-04"),
    clause: "11.3.3.1/body",
    traits: ["body"],
  },
  {
    ...missingComponent("content-type", "11.3.3.1-05"),
    clause: "11.3.3.1/body",
    traits: ["body"],
  },
  {
    number: "11.3.4-08",
    title: "refuses a signature without created",
    clause: "11.3.4/created",
    traits: [],
    codes: ["invalid_signature"],
    change: (plan) => setParam(plan, "created", undefined),
  },
  {
    number: "11.3.4-09",
    title: "refuses a signature that is older than the window",
    clause: "11.3.4/freshness",
    traits: [],
    codes: ["invalid_signature"],
    change: (plan, { now }) => setParam(plan, "created", now() - WINDOW_SECONDS - 30),
  },
  {
    number: "11.3.4-10",
    title: "refuses a signature from further ahead than the window",
    clause: "11.3.4/freshness",
    traits: [],
    codes: ["clock_skew"],
    change: (plan, { now }) => setParam(plan, "created", now() + WINDOW_SECONDS + 30),
  },
  {
    number: "11.3.4-11",
    title: "accepts a signature that is half a window old",
    clause: "11.3.4/window",
    traits: [],
    change: (plan, { now }) => setParam(plan, "created", now() - WINDOW_SECONDS / 2),
  },
  {
    number: "11.3.4.2-01",
    title: "refuses a signature whose expires has passed",
    clause: "11.3.4.2/expires",
    traits: [],
    codes: ["invalid_signature"],
    change: (plan, { now }) => setParam(plan, "expires", now() - 5),
  },
  {
    number: "11.3.4.2-02",
    title: "accepts a signature whose expires has not passed",
    clause: "11.3.4.2/expires",
    traits: [],
    change: (plan, { now }) => setParam(plan, "expires", now() + WINDOW_SECONDS),
  },
  {
    number: "11.3.4-12",
    title: "reads the label, whatever its name",
    clause: "11.3.4/label",
    traits: [],
    change(plan) {
      plan.label = "another-label";
    },
  },
  {
    number: "11.3.4-13",
    title: "ignores members of Signature-Key with other labels",
    clause: "11.3.4/label",
    traits: [],
    change(plan) {
      plan.otherKeys = ', other=jwt;jwt="a.b.c"';
    },
  },
  {
    number: "11.3.4-14",
    title: "refuses a Signature-Key that has no member of the signature's label",
    clause: "11.3.4/label",
    traits: [],
    codes: ["invalid_signature"],
    change(plan) {
      plan.tampers.push((draft) => {
        for (const name of ["signature", "signature-input"])
          replaceField(draft, name, (value) => `x${value}`);
      });
    },
  },
  {
    number: "11.3.4-15",
    title: "refuses the scheme hwk",
    clause: "11.3.2/not",
    traits: ["jwt"],
    codes: ["unsupported_scheme"],
    change(plan) {
      const { x } = plan.key.publicJwk;
      plan.token = undefined;
      plan.signatureKey = `hwk;kty="OKP";crv="Ed25519";x="${String(x)}";alg="Ed25519"`;
    },
  },
  {
    number: "11.3.4-16",
    title: "refuses a scheme that nothing defines",
    clause: "11.3.4/undefined",
    traits: [],
    codes: ["unsupported_scheme"],
    change(plan) {
      plan.token = undefined;
      plan.signatureKey = 'from-the-future;key="abc"';
    },
  },
  {
    number: "11.9.1-01",
    title: "names the schemes it accepts where it refuses one",
    clause: "11.9.1/accept",
    level: "should",
    traits: [],
    codes: ["unsupported_scheme"],
    also: ({ fields }) =>
      fields["accept-signature-scheme"] === undefined ? "there is no Accept-Signature-Scheme" : undefined,
    change(plan) {
      plan.token = undefined;
      plan.signatureKey = 'from-the-future;key="abc"';
    },
  },
  {
    number: "11.3.2-01",
    title: "refuses the scheme jwks_uri from an agent",
    clause: "11.3.2/not",
    traits: ["jwt"],
    codes: ["unsupported_scheme"],
    change(plan, { parties: { ap } }) {
      plan.token = undefined;
      plan.key = ap.key;
      plan.signatureKey = `jwks_uri;id="${ap.id}";dwk="aauth-agent.json";kid="${ap.key.kid}"`;
    },
  },
  {
    number: "11.3.2-02",
    title: "refuses the scheme jwt from a server",
    clause: "11.3.2/server",
    traits: ["server"],
    codes: ["unsupported_scheme"],
    change(plan, { agent, agentToken }) {
      plan.key = agent.key;
      plan.token = agentToken();
    },
  },
  {
    number: "11.3.2-03",
    title: "refuses a jwks_uri whose document is not that of the server's role",
    clause: "11.3.2/dwk",
    traits: ["server"],
    codes: ["invalid_key", "unknown_key", "invalid_jwt"],
    change(plan) {
      plan.signatureKey = plan.signatureKey!.replace(/dwk="[^"]+"/, 'dwk="openid-configuration"');
    },
  },
  {
    number: "11.3.4-17",
    title: "refuses a key that the server's key set does not have",
    clause: "11.3.4/unknown",
    traits: ["server"],
    codes: ["unknown_key"],
    change(plan) {
      plan.signatureKey = plan.signatureKey!.replace(/kid="[^"]+"/, 'kid="no-such-key"');
    },
  },
  {
    number: "11.3.4-18",
    title: "refuses a message that another key has signed",
    clause: "11.3.4/signature",
    traits: [],
    codes: ["invalid_signature"],
    change(plan, { unknownKey }) {
      plan.key = unknownKey;
    },
  },
  {
    number: "11.3.4-19",
    title: "refuses a signature with a changed byte",
    clause: "11.3.4/signature",
    traits: [],
    codes: ["invalid_signature"],
    change(plan) {
      plan.tampers.push((draft) =>
        replaceField(draft, "signature", (value) =>
          value.replace(/:(.)/, (_, first: string) => `:${first === "A" ? "B" : "A"}`),
        ),
      );
    },
  },
  {
    number: "11.3.4-20",
    title: "refuses a method that was changed after the signature",
    clause: "11.3.4/signature",
    traits: [],
    codes: ["invalid_signature"],
    change(plan) {
      // The route stays the same: the signature is over the other method.
      const { method } = plan;
      plan.method = method === "POST" ? "PUT" : "DELETE";
      plan.tampers.push((draft) => {
        draft.method = method;
      });
    },
  },
  {
    number: "11.3.4-21",
    title: "refuses a signature for another path",
    clause: "11.3.4/signature",
    traits: [],
    codes: ["invalid_signature"],
    change(plan) {
      const { target } = plan;
      plan.target = "/somewhere-else";
      plan.tampers.push((draft) => {
        draft.target = target;
      });
    },
  },
  {
    number: "11.3.4-22",
    title: "refuses a covered field that was changed after the signature",
    clause: "11.3.4/signature",
    traits: [],
    codes: ["invalid_signature"],
    change(plan) {
      plan.fields.push(["x-conformance", "before"]);
      plan.components.push("x-conformance");
      plan.tampers.push((draft) => replaceField(draft, "x-conformance", () => "after"));
    },
  },
  {
    number: "11.3.4-23",
    title: "refuses a body that was changed together with its digest",
    clause: "11.3.4/signature",
    traits: ["body"],
    codes: ["invalid_signature"],
    change(plan) {
      plan.tampers.push((draft) => {
        draft.body = `${draft.body} `;
        replaceField(draft, "content-digest", () => contentDigest(draft.body ?? ""));
      });
    },
  },
  {
    number: "11.3.4-24",
    title: "refuses a body that was changed under its digest",
    clause: "11.3.3.1/body",
    traits: ["body"],
    codes: ["invalid_input", "invalid_signature"],
    change(plan) {
      plan.tampers.push((draft) => {
        draft.body = `${draft.body} `;
      });
    },
  },
  {
    number: "11.3.4-25",
    title: "refuses a Signature-Input that is not well-formed",
    clause: "11.3.4/401",
    traits: [],
    codes: ["invalid_signature"],
    change(plan) {
      plan.tampers.push((draft) =>
        replaceField(draft, "signature-input", (value) => value.replace("(", "((")),
      );
    },
  },
  {
    number: "11.3.4-26",
    title: "refuses a Signature-Key that is not well-formed",
    clause: "11.3.4/401",
    traits: [],
    codes: ["invalid_signature"],
    change(plan) {
      plan.tampers.push((draft) => replaceField(draft, "signature-key", (value) => `${value};"`));
    },
  },
  {
    number: "11.3.1-02",
    title: "refuses a key without alg",
    clause: "11.3.1/alg",
    traits: ["jwt"],
    codes: ["unsupported_algorithm"],
    change: (plan) => {
      delete confirmation(plan).alg;
    },
  },
  {
    number: "11.3.1-03",
    title: "refuses a key whose alg is the polymorphic EdDSA",
    clause: "11.3.4/alg",
    traits: ["jwt"],
    codes: ["unsupported_algorithm"],
    change(plan) {
      confirmation(plan).alg = "EdDSA";
    },
  },
  {
    number: "11.3.1-04",
    title: "refuses a key whose curve disagrees with its alg",
    clause: "11.3.4/kty",
    traits: ["jwt"],
    codes: ["invalid_key"],
    change(plan) {
      confirmation(plan).alg = "ES256";
    },
  },
  {
    number: "11.3.1-05",
    title: "refuses a symmetric key",
    clause: "11.3.1/symmetric",
    traits: ["jwt"],
    codes: ["unsupported_algorithm", "invalid_key", "invalid_jwt"],
    change(plan) {
      plan.token!.claims.cnf = { jwk: { kty: "oct", k: "c2VjcmV0", alg: "HS256" } };
    },
  },
  {
    number: "11.3.1-06",
    title: "refuses a key that cannot be parsed",
    clause: "11.3.4/unparsed",
    traits: ["jwt"],
    codes: ["invalid_key"],
    change(plan) {
      confirmation(plan).x = "AAAA";
    },
  },
];
