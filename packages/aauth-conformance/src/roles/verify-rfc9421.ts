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
import { checkOf } from "../suite/rows.ts";
import { expectRefused, expectServed, type Subject } from "../suite/subject.ts";
import type { VerifyBench } from "./verify.ts";

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
      target.verify(wire, {
        profile: "rfc9421",
        now: world.now(),
        keys: Object.values(KEYS).map(({ publicJwk }) => publicJwk),
      }),
  };
}

interface Case {
  readonly number: string;
  readonly title: string;
  readonly clause: ClauseName;
  readonly level?: "should" | "may";
  readonly accepts?: boolean;
  change(plan: Plan): void;
}

const signWith = (plan: Plan, key: KeyPair) => {
  plan.key = key;
  setParam(plan, "keyid", key.kid);
};

/** Signs for one target and sends another. */
const retarget = (plan: Plan, signed: string) => {
  const { target } = plan;
  plan.target = signed;
  plan.tampers.push((draft) => {
    draft.target = target;
  });
};

const CASES: readonly Case[] = [
  {
    number: "2-01",
    title: "accepts a valid message",
    clause: "RFC2.3/last",
    accepts: true,
    change: () => {},
  },
  {
    number: "2-02",
    title: "accepts components in another order",
    clause: "RFC2.3/last",
    accepts: true,
    change: (plan) => plan.components.reverse(),
  },
  {
    number: "2.3-01",
    title: "accepts parameters in another order",
    clause: "RFC2.3/last",
    accepts: true,
    change: (plan) => plan.params.reverse(),
  },
  {
    number: "2.2.7-01",
    title: "reads @query of a target without a query as a question mark",
    clause: "RFC2.2.7/none",
    accepts: true,
    change(plan) {
      plan.target = "/path";
    },
  },
  {
    number: "2.2.7-02",
    title: "refuses a query with other percent-encoding than the signed one",
    clause: "RFC2.2.7/query",
    change: (plan) => retarget(plan, plan.target.replace("%20", "+")),
  },
  {
    number: "2.1-01",
    title: "joins several lines of a field with a comma and a space",
    clause: "RFC2.1/combine",
    accepts: true,
    change: (plan) => plan.fields.push(["x-note", "two"]),
  },
  {
    number: "2.1-02",
    title: "refuses a line that was added to a covered field",
    clause: "RFC2.1/combine",
    change(plan) {
      plan.tampers.push((draft) => draft.fields.push(["x-note", "two"]));
    },
  },
  {
    number: "2-03",
    title: "refuses a component that is named twice",
    clause: "RFC2/once",
    change: (plan) => plan.components.push("@method"),
  },
  {
    number: "2.5-01",
    title: "refuses a covered field that the message does not have",
    clause: "RFC2.5/absent",
    change(plan) {
      plan.tampers.push((draft) => replaceField(draft, "x-note", () => undefined));
    },
  },
  {
    number: "2.2.1-01",
    title: "refuses a method in other case",
    clause: "RFC2.2.1/method",
    change(plan) {
      plan.method = "post";
      plan.tampers.push((draft) => {
        draft.method = "POST";
      });
    },
  },
  {
    number: "3.2-01",
    title: "accepts ES256",
    clause: "RFC3.2/steps",
    level: "may",
    accepts: true,
    change: (plan) => signWith(plan, KEYS.es256),
  },
  {
    number: "3.2-02",
    title: "accepts an alg parameter that is the key's",
    clause: "RFC3.2/alg",
    accepts: true,
    change: (plan) => setParam(plan, "alg", ALG_NAMES.Ed25519),
  },
  {
    number: "3.2-03",
    title: "refuses an alg parameter that is not the key's",
    clause: "RFC3.2/alg",
    change: (plan) => setParam(plan, "alg", ALG_NAMES.ES256),
  },
  {
    number: "3.2-04",
    title: "refuses a key that it does not know",
    clause: "RFC3.2/known",
    change: (plan) => signWith(plan, generateKey("unknown-key")),
  },
  {
    number: "3.2-05",
    title: "refuses a signature of another key under a known keyid",
    clause: "RFC3.2/steps",
    change(plan) {
      plan.key = generateKey(KEYS.ed25519.kid);
    },
  },
  {
    number: "3.2-06",
    title: "refuses a changed path",
    clause: "RFC3.2/steps",
    change: (plan) => retarget(plan, plan.target.replace("%2F", "/")),
  },
  {
    number: "3.2-07",
    title: "refuses a changed field",
    clause: "RFC3.2/steps",
    change(plan) {
      plan.tampers.push((draft) => replaceField(draft, "x-note", () => "two"));
    },
  },
  {
    number: "3.2-08",
    title: "refuses a changed body with its new digest",
    clause: "RFC3.2/steps",
    change(plan) {
      plan.tampers.push((draft) => {
        draft.body = `${draft.body} `;
        replaceField(draft, "content-digest", () => contentDigest(draft.body ?? ""));
      });
    },
  },
  {
    number: "3.2-09",
    title: "refuses a changed parameter of the signature",
    clause: "RFC3.2/steps",
    change(plan) {
      const raise = (_: string, created: string) => `created=${Number(created) + 1}`;
      plan.tampers.push((draft) =>
        replaceField(draft, "signature-input", (value) => value.replace(/created=(\d+)/, raise)),
      );
    },
  },
  {
    number: "3.2-10",
    title: "refuses a signature without its Signature-Input",
    clause: "RFC3.2/corresponding",
    change(plan) {
      plan.tampers.push((draft) => replaceField(draft, "signature-input", (value) => `x${value}`));
    },
  },
  {
    number: "4-01",
    title: "accepts any label",
    clause: "RFC4/label",
    accepts: true,
    change(plan) {
      plan.label = "another-label";
    },
  },
  {
    number: "3.2-11",
    title: "refuses a Signature-Input that is not well-formed",
    clause: "RFC3.2/steps",
    change(plan) {
      plan.tampers.push((draft) =>
        replaceField(draft, "signature-input", (value) => value.replace("(", "((")),
      );
    },
  },
  {
    number: "3.2-12",
    title: "refuses a signature with a changed byte",
    clause: "RFC3.2/steps",
    change(plan) {
      plan.tampers.push((draft) =>
        replaceField(draft, "signature", (value) =>
          value.replace(/:(.)/, (_, first: string) => `:${first === "A" ? "B" : "A"}`),
        ),
      );
    },
  },
  {
    number: "3.2.1-01",
    title: "refuses a signature whose expires has passed",
    clause: "RFC3.2.1/expires",
    level: "may",
    change: (plan) => setParam(plan, "expires", Number(plan.params[0]![1]) - 60),
  },
];

/** Checks of a verifier of RFC 9421. */
export const RFC9421_CHECKS: readonly Check<VerifyBench>[] = CASES.map(
  ({ number, title, clause, level, accepts = false, change }) =>
    checkOf<VerifyBench>({
      id: `HS-${number}`,
      role: "verify",
      title,
      clause,
      ...(level !== undefined && { level }),
      polarity: accepts ? "accept" : "refuse",
      run(bench) {
        const subject = subjectOf(bench);
        return accepts ? expectServed(subject, change) : expectRefused(subject, change, { codes: [] });
      },
    }),
);
