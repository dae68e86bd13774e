import { contentDigest } from "../judge/content-digest.ts";
import { signJwt } from "../judge/jws.ts";
import { type KeyPair, signBytes } from "../judge/keys.ts";
import type { Message } from "../judge/message.ts";
import { signatureBase } from "../judge/signature-base.ts";
import { type BareItem, type InnerList, writeBareItem, writeInnerList } from "../judge/structured-fields.ts";

/** A token that is signed when the message is made, so that a check can change any part of it. */
export interface TokenPlan {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
  key: KeyPair;
}

/** A message to sign and send. A check changes one thing of a plan that is valid. */
export interface Plan {
  method: string;
  /** The authority that is signed. */
  authority: string;
  target: string;
  /** Further fields, with lower-case names. */
  fields: [name: string, value: string][];
  body: string | undefined;
  label: string;
  /** Signs the message. */
  key: KeyPair;
  /** Members of `Signature-Key` beside the own one. */
  otherKeys: string;
  /** Token of the scheme `jwt`; undefined for `signatureKey`. */
  token: TokenPlan | undefined;
  /** Member of `Signature-Key` without its label, instead of a token. */
  signatureKey: string | undefined;
  components: string[];
  params: [name: string, value: BareItem][];
  /** Changes to the message after it was signed. */
  tampers: ((message: Draft) => void)[];
}

/** A signed message that is not sent yet. */
export interface Draft {
  method: string;
  target: string;
  fields: [name: string, value: string][];
  body: string | undefined;
}

/** A message with what explains it. */
export interface Wire extends Message {
  readonly base: string;
}

/** Components of every message (draft -11, section 11.3.3.1). */
export const BASE_COMPONENTS = ["@method", "@authority", "@path", "signature-key"] as const;
/** Further components of a message with a body at a PS, an AS or a revocation endpoint. */
export const BODY_COMPONENTS = ["content-digest", "content-type"] as const;

/** A valid message, but for what is given. */
export const planOf = (
  own: Pick<Plan, "authority" | "target" | "key"> & Partial<Plan> & { readonly created: number },
): Plan => {
  const { created, ...rest } = own;
  return {
    method: "GET",
    fields: [],
    body: undefined,
    label: "sig",
    otherKeys: "",
    token: undefined,
    signatureKey: undefined,
    components: [...BASE_COMPONENTS, ...(rest.body === undefined ? [] : BODY_COMPONENTS)],
    params: [["created", created]],
    tampers: [],
    ...rest,
  };
};

/** Token of a plan as it is sent. */
export const tokenOf = ({ header, claims, key }: TokenPlan): string => signJwt(header, claims, key);

/** Makes and signs the message. */
export function compose(plan: Plan): Wire {
  const { method, authority, target, body, label } = plan;
  const member =
    plan.token === undefined ? plan.signatureKey : `jwt;jwt=${writeBareItem(tokenOf(plan.token))}`;
  const fields: [string, string][] = plan.fields.map(([name, value]) => [name, value]);
  const has = (name: string) => fields.some(([own]) => own === name);
  if (body !== undefined && !has("content-type")) fields.push(["content-type", "application/json"]);
  if (body !== undefined && !has("content-digest")) fields.push(["content-digest", contentDigest(body)]);
  if (member !== undefined) fields.push(["signature-key", `${label}=${member}${plan.otherKeys}`]);
  const input: InnerList = {
    items: plan.components.map((value) => ({ value, params: new Map() })),
    params: new Map(plan.params),
  };
  const base = signatureBase({ method, authority, target, fields, body }, input, { allowsRepeats: true });
  const signature = signBytes(plan.key, Buffer.from(base));
  fields.push(["signature-input", `${label}=${writeInnerList(input)}`]);
  fields.push(["signature", `${label}=${writeBareItem(signature)}`]);
  const draft: Draft = { method, target, fields, body };
  for (const tamper of plan.tampers) tamper(draft);
  return { ...draft, authority, base };
}

/** Replaces a field of a message that is already signed; undefined removes it. */
export function replaceField(
  draft: Draft,
  name: string,
  change: (value: string) => string | undefined,
): void {
  draft.fields = draft.fields.flatMap(([own, value]): [string, string][] => {
    if (own !== name) return [[own, value]];
    const changed = change(value);
    return changed === undefined ? [] : [[own, changed]];
  });
}

/** Sets a parameter of the signature; undefined removes it. */
export function setParam(plan: Plan, name: string, value: BareItem | undefined): void {
  plan.params = plan.params.filter(([own]) => own !== name);
  if (value !== undefined) plan.params.push([name, value]);
}

/** Leaves a component out of the signature. */
export function uncover(plan: Plan, name: string): void {
  plan.components = plan.components.filter((own) => own !== name);
}
