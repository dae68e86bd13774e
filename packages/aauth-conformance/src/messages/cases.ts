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
const SIGNATURE = ["invalid_signature"];
const ALGORITHM = ["unsupported_algorithm"];
const SCHEME = ["unsupported_scheme"];
const UNDEFINED_SCHEME = 'from-the-future;key="abc"';
const es256Agent = generateKey("agent-es256", "ES256");

type Change = MessageCase["change"];

/** A message to accept. */
const accepts = (
  number: string,
  clause: MessageCase["clause"],
  title: string,
  change: Change,
): MessageCase => ({ number, clause, title, traits: [], change });

/** A message to refuse with one of the codes. */
const refuses = (
  number: string,
  clause: MessageCase["clause"],
  flaw: string,
  codes: readonly string[],
  change: Change,
): MessageCase => ({ number, clause, title: `refuses ${flaw}`, traits: [], codes, change });

const onlyFor = (trait: Trait, cases: readonly MessageCase[]): readonly MessageCase[] =>
  cases.map((own) => ({ ...own, traits: [trait] }));

/** Sets a parameter of the signature to seconds from now. */
const inSeconds =
  (name: string, seconds: number): Change =>
  (plan, { now }) =>
    setParam(plan, name, now() + seconds);

/** Binds the token to another key, which then signs the message. */
function useKey(plan: Plan, key: KeyPair): void {
  plan.key = key;
  plan.token!.claims.cnf = { jwk: publicPart(key) };
}

/** Changes the key that the token confirms. */
const confirming =
  (members: object): Change =>
  (plan) => {
    Object.assign((plan.token!.claims.cnf as { jwk: object }).jwk, members);
  };

/** Changes a field after the signature; undefined removes it. */
const tampered =
  (name: string, change: (value: string) => string | undefined): Change =>
  (plan) => {
    plan.tampers.push((draft) => replaceField(draft, name, change));
  };

const without = (name: string) => tampered(name, () => undefined);

/** Shows a key of another scheme in place of the token. */
const signedAs =
  (signatureKey: string): Change =>
  (plan) => {
    plan.token = undefined;
    plan.signatureKey = signatureKey;
  };

/** Replaces a parameter of `jwks_uri`. */
const naming =
  (name: string, value: string): Change =>
  (plan) => {
    plan.signatureKey = plan.signatureKey!.replace(new RegExp(`${name}="[^"]+"`), `${name}="${value}"`);
  };

const uncovered = (
  number: string,
  name: string,
  clause: MessageCase["clause"] = "11.3.4/coverage",
): MessageCase => ({
  ...refuses(number, clause, `a signature that does not cover ${name}`, ["invalid_input"], (plan) =>
    uncover(plan, name),
  ),
  also: ({ fields }) =>
    fields["signature-error"]?.includes("required_input=(") ? undefined : "the answer has no required_input",
});

const changeByte = (value: string): string =>
  value.replace(/:(.)/, (_, first: string) => `:${first === "A" ? "B" : "A"}`);

/** Section 11.3: the signature. */
export const SIGNATURE_CASES: readonly MessageCase[] = [
  accepts("11.3.3.1-01", "11.3.3.1/base", "accepts a valid message", () => {}),
  accepts("11.3.3.1-02", "11.3.3.1/base", "accepts covered components in another order", (plan) =>
    plan.components.reverse(),
  ),
  accepts("11.3.3.1-03", "11.3.3.1/base", "accepts a further covered field", (plan) => {
    plan.fields.push(["x-conformance", "covered"]);
    plan.components.push("x-conformance");
  }),
  accepts("11.3.3.2-01", "11.3.3.2/alg", "ignores an alg parameter that names the key's algorithm", (plan) =>
    setParam(plan, "alg", "ed25519"),
  ),
  accepts("11.3.3.2-02", "11.3.3.2/alg", "ignores an alg parameter that names another algorithm", (plan) =>
    setParam(plan, "alg", "ecdsa-p256-sha256"),
  ),
  refuses(
    "11.3.3.2-03",
    "11.3.3.2/keyid",
    "a keyid of another key",
    ["invalid_signature", "invalid_key"],
    (plan) => setParam(plan, "keyid", "another-key"),
  ),
  refuses("11.3.4-01", "11.3.4/missing", "a message without Signature", SIGNATURE, without("signature")),
  refuses(
    "11.3.4-02",
    "11.3.4/missing",
    "a message without Signature-Input",
    SIGNATURE,
    without("signature-input"),
  ),
  refuses(
    "11.3.4-03",
    "11.3.4/missing",
    "a message without Signature-Key",
    SIGNATURE,
    without("signature-key"),
  ),
  uncovered("11.3.4-04", "@method"),
  uncovered("11.3.4-05", "@authority"),
  uncovered("11.3.4-06", "@path"),
  uncovered("11.3.4-07", "signature-key"),
  refuses("11.3.4-08", "11.3.4/created", "a signature without created", SIGNATURE, (plan) =>
    setParam(plan, "created", undefined),
  ),
  refuses(
    "11.3.4-09",
    "11.3.4/freshness",
    "a signature older than the window",
    SIGNATURE,
    inSeconds("created", -WINDOW_SECONDS - 30),
  ),
  refuses(
    "11.3.4-10",
    "11.3.4/freshness",
    "a signature further ahead than the window",
    ["clock_skew"],
    inSeconds("created", WINDOW_SECONDS + 30),
  ),
  accepts(
    "11.3.4-11",
    "11.3.4/window",
    "accepts a signature half a window old",
    inSeconds("created", -WINDOW_SECONDS / 2),
  ),
  refuses(
    "11.3.4.2-01",
    "11.3.4.2/expires",
    "a signature whose expires has passed",
    SIGNATURE,
    inSeconds("expires", -5),
  ),
  accepts(
    "11.3.4.2-02",
    "11.3.4.2/expires",
    "accepts a future expires",
    inSeconds("expires", WINDOW_SECONDS),
  ),
  accepts("11.3.4-12", "11.3.4/label", "reads the label, whatever its name", (plan) => {
    plan.label = "another-label";
  }),
  accepts("11.3.4-13", "11.3.4/label", "ignores members of Signature-Key with other labels", (plan) => {
    plan.otherKeys = ', other=jwt;jwt="a.b.c"';
  }),
  refuses(
    "11.3.4-14",
    "11.3.4/label",
    "a Signature-Key without the signature's label",
    SIGNATURE,
    (plan, world) => {
      for (const name of ["signature", "signature-input"])
        tampered(name, (value) => `x${value}`)(plan, world);
    },
  ),
  refuses(
    "11.3.4-16",
    "11.3.4/undefined",
    "a scheme that nothing defines",
    SCHEME,
    signedAs(UNDEFINED_SCHEME),
  ),
  {
    ...refuses("11.9.1-01", "11.9.1/accept", "", SCHEME, signedAs(UNDEFINED_SCHEME)),
    title: "names the schemes it accepts where it refuses one",
    level: "should",
    also: ({ fields }) =>
      fields["accept-signature-scheme"] === undefined ? "there is no Accept-Signature-Scheme" : undefined,
  },
  refuses(
    "11.3.4-18",
    "11.3.4/signature",
    "a message signed by another key",
    SIGNATURE,
    (plan, { unknownKey }) => {
      plan.key = unknownKey;
    },
  ),
  refuses(
    "11.3.4-19",
    "11.3.4/signature",
    "a signature with a changed byte",
    SIGNATURE,
    tampered("signature", changeByte),
  ),
  refuses("11.3.4-20", "11.3.4/signature", "a method changed after the signature", SIGNATURE, (plan) => {
    // The route stays the same: the signature is over the other method.
    const { method } = plan;
    plan.method = method === "POST" ? "PUT" : "DELETE";
    plan.tampers.push((draft) => {
      draft.method = method;
    });
  }),
  refuses("11.3.4-21", "11.3.4/signature", "a signature for another path", SIGNATURE, (plan) => {
    const { target } = plan;
    plan.target = "/somewhere-else";
    plan.tampers.push((draft) => {
      draft.target = target;
    });
  }),
  refuses(
    "11.3.4-22",
    "11.3.4/signature",
    "a field changed after the signature",
    SIGNATURE,
    (plan, world) => {
      plan.fields.push(["x-conformance", "before"]);
      plan.components.push("x-conformance");
      tampered("x-conformance", () => "after")(plan, world);
    },
  ),
  refuses(
    "11.3.4-25",
    "11.3.4/401",
    "a malformed Signature-Input",
    SIGNATURE,
    tampered("signature-input", (value) => value.replace("(", "((")),
  ),
  refuses(
    "11.3.4-26",
    "11.3.4/401",
    "a malformed Signature-Key",
    SIGNATURE,
    tampered("signature-key", (value) => `${value};"`),
  ),
  ...onlyFor("body", [
    uncovered("11.3.3.1-04", "content-digest", "11.3.3.1/body"),
    uncovered("11.3.3.1-05", "content-type", "11.3.3.1/body"),
    refuses("11.3.4-23", "11.3.4/signature", "a body changed together with its digest", SIGNATURE, (plan) => {
      plan.tampers.push((draft) => {
        draft.body = `${draft.body} `;
        replaceField(draft, "content-digest", () => contentDigest(draft.body ?? ""));
      });
    }),
    refuses(
      "11.3.4-24",
      "11.3.3.1/body",
      "a body changed under its digest",
      ["invalid_input", ...SIGNATURE],
      (plan) => {
        plan.tampers.push((draft) => {
          draft.body = `${draft.body} `;
        });
      },
    ),
  ]),
  ...onlyFor("server", [
    refuses(
      "11.3.2-02",
      "11.3.2/server",
      "the scheme jwt from a server",
      SCHEME,
      (plan, { agent, agentToken }) => {
        plan.key = agent.key;
        plan.token = agentToken();
      },
    ),
    refuses(
      "11.3.2-03",
      "11.3.2/dwk",
      "a jwks_uri with the document of another role",
      ["invalid_key", "unknown_key", "invalid_jwt"],
      naming("dwk", "openid-configuration"),
    ),
    refuses(
      "11.3.4-17",
      "11.3.4/unknown",
      "a key that the server's key set does not have",
      ["unknown_key"],
      naming("kid", "no-such-key"),
    ),
  ]),
  ...onlyFor("jwt", [
    {
      ...accepts("11.3.1-01", "11.3.1/support", "accepts ES256, for message and token", (plan) =>
        useKey(plan, es256Agent),
      ),
      level: "should",
    },
    refuses("11.3.4-15", "11.3.2/not", "the scheme hwk", SCHEME, (plan, world) => {
      const { x } = plan.key.publicJwk;
      signedAs(`hwk;kty="OKP";crv="Ed25519";x="${String(x)}";alg="Ed25519"`)(plan, world);
    }),
    refuses("11.3.2-01", "11.3.2/not", "the scheme jwks_uri from an agent", SCHEME, (plan, world) => {
      const { id, key } = world.parties.ap;
      plan.key = key;
      signedAs(`jwks_uri;id="${id}";dwk="aauth-agent.json";kid="${key.kid}"`)(plan, world);
    }),
    refuses("11.3.1-02", "11.3.1/alg", "a key without alg", ALGORITHM, confirming({ alg: undefined })),
    refuses(
      "11.3.1-03",
      "11.3.4/alg",
      "a key whose alg is the polymorphic EdDSA",
      ALGORITHM,
      confirming({ alg: "EdDSA" }),
    ),
    refuses(
      "11.3.1-04",
      "11.3.4/kty",
      "a key whose curve disagrees with its alg",
      ["invalid_key"],
      confirming({ alg: "ES256" }),
    ),
    refuses(
      "11.3.1-05",
      "11.3.1/symmetric",
      "a symmetric key",
      [...ALGORITHM, "invalid_key", "invalid_jwt"],
      (plan) => {
        plan.token!.claims.cnf = { jwk: { kty: "oct", k: "c2VjcmV0", alg: "HS256" } };
      },
    ),
    refuses(
      "11.3.1-06",
      "11.3.4/unparsed",
      "a key that cannot be parsed",
      ["invalid_key"],
      confirming({ x: "AAAA" }),
    ),
  ]),
];
