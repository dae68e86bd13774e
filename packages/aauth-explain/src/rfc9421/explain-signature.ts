/**
 * Messages that are signed by RFC 9421 and are not AAuth: their key is not in the message, and no
 * profile says what they have to cover. Web Bot Auth says a little of it, and is judged by that.
 *
 * @module
 */

import { type AAuthErrorCode, AAuthVerificationError } from "aauth";
import { fieldValue, verifyContentDigest } from "aauth/wire";
import { findEdit } from "../edits.ts";
import type { ExplainedCheck, Explanation } from "../explanation.ts";
import type { MessageToExplain } from "../message.ts";
import { type MessageForSecondOpinion, secondSignatureBase } from "../second-opinion.ts";
import { remedyFor, sentenceOf } from "../sentences.ts";
import { signatureBaseOf } from "./component-base.ts";
import type { GivenKey } from "./public-key.ts";
import { type SignatureMember, signatureMembers } from "./signature-members.ts";

export interface SignatureOptions {
  readonly keys: readonly GivenKey[];
  /** Unix seconds. */
  readonly now: () => number;
  /** The Host field as received. */
  readonly hosts: readonly string[];
}

type Found = { readonly code?: AAuthErrorCode; readonly reason: string } | undefined;

const CHECKS = [
  ["headers", "RFC 9421 4"],
  ["coverage", "RFC 9421 2.5"],
  ["created", "RFC 9421 3.2"],
  ["key", "RFC 9421 3.2"],
  ["signature", "RFC 9421 3.2"],
  ["content-digest", "RFC 9530 2"],
] as const;
const LEEWAY_SECONDS = 60;

/**
 * Whether a message is signed by RFC 9421, or was before a field was dropped, and is not one of
 * AAuth whose `Signature-Key` is gone.
 */
export function isPlainSignature({ headers }: MessageToExplain): boolean {
  const input = fieldValue(headers, "signature-input");
  return (
    (input !== undefined || fieldValue(headers, "signature") !== undefined) &&
    fieldValue(headers, "signature-key") === undefined &&
    !input?.includes('"signature-key"')
  );
}

/**
 * Explains the first signature of a message, as far as the keys given allow. The verdict `accepted`
 * says that the signature verifies with one of these keys, and nothing about whose key that is.
 *
 * Never throws for anything in the message.
 */
export async function explainSignature(
  message: MessageToExplain,
  received: MessageForSecondOpinion,
  options: SignatureOptions,
): Promise<Explanation> {
  const members = signatureMembers(message.headers);
  const member =
    members.find(({ params }) => params.get("tag") === WEB_BOT_AUTH) ??
    members.find(({ params }) => namedKey(params.get("keyid"), options.keys)) ??
    members[0];
  const { method, authority, target } = received;
  const parts = member && {
    ...received,
    components: member.components,
    signatureParams: member.raw,
  };
  const built = parts && attempt(() => signatureBaseOf(parts));
  const second =
    member &&
    attempt(() => secondSignatureBase(received, { components: member.components, raw: member.raw }));
  const key = member && (await keyOf(member, options.keys));
  const verdicts: Found[] = [];
  const isSigned = async () => {
    if (member === undefined || built?.value === undefined || !isKey(key)) return false;
    return verifies(member, key, built.value);
  };
  const makers: (() => Found | Promise<Found>)[] = [
    () => headersFound(member, message),
    () =>
      built?.problem === undefined
        ? coverageFound(member!, message)
        : { code: "missing_component", reason: built.problem },
    () => timesFound(member!, options.now()),
    () => (isKey(key) ? algorithmFound(member!, key) : { reason: key! }),
    async () =>
      lengthFound(member!, key) ??
      ((await isSigned())
        ? undefined
        : { code: "invalid_signature", reason: "the signature does not verify with this key" }),
    () => digestFound(message),
  ];
  for (const make of makers) {
    const found = await make();
    verdicts.push(found);
    if (found !== undefined) break;
  }
  const failed = verdicts.at(-1);
  const isUndecided = failed !== undefined && failed.code === undefined;
  const checks = CHECKS.map(([name, section], index): ExplainedCheck => {
    if (index >= verdicts.length) return { name, section, verdict: "skipped" };
    const found = verdicts[index];
    if (found === undefined) return { name, section, verdict: "passed" };
    return { name, section, verdict: found.code === undefined ? "skipped" : "failed", ...found };
  });
  const base = {
    ...(built?.value !== undefined && { ours: built.value }),
    ...(second?.value !== undefined && { secondOpinion: second.value }),
    agree: built?.value !== undefined && built.value === second?.value,
    ...(built?.problem !== undefined && { problem: built.problem }),
  };
  const edit =
    failed?.code === "invalid_signature" && member !== undefined && parts !== undefined && isKey(key)
      ? await editOf(member, key, parts, message, options)
      : undefined;
  const explained = {
    profile: member?.params.get("tag") === WEB_BOT_AUTH ? "web-bot-auth" : "rfc-9421",
    verdict: failed === undefined ? "accepted" : isUndecided ? "undecided" : "refused",
    ...failed,
    request: { method, authority, target, bodyBytes: message.body?.byteLength ?? 0 },
    headers: ["signature-input", "signature", "content-digest", "signature-agent"].flatMap((name) => {
      const value = fieldValue(message.headers, name);
      return value === undefined ? [] : [{ name, value }];
    }),
    signatureBase: base,
    ...(isKey(key) && { key: { ...(key.thumbprint && { thumbprint: key.thumbprint }), source: "given" } }),
    ...(typeof key === "string" && { key: { problem: key } }),
    parties: {
      ...(member && signerIn(member, message, isKey(key) ? key : undefined)),
      receiver: authority,
    },
    tokens: [],
    checks,
  } as const;
  const remedy = await remedyFor(explained, { edit, message });
  return { ...explained, sentence: sentenceOf(explained), ...(remedy && { remedy }) };
}

const WEB_BOT_AUTH = "web-bot-auth";

function signerIn(member: SignatureMember, { headers }: MessageToExplain, key: GivenKey | undefined) {
  const agent = fieldValue(headers, "signature-agent")?.match(/"([^"]*)"/)?.[1];
  const signer = agent ?? key?.kid ?? key?.thumbprint ?? member.params.get("keyid");
  return signer === undefined ? {} : { signer };
}

function headersFound(member: SignatureMember | undefined, { headers }: MessageToExplain): Found {
  for (const name of ["signature-input", "signature"])
    if (fieldValue(headers, name) === undefined)
      return { code: "missing_signature", reason: `the request has no ${name}` };
  if (member === undefined)
    return { code: "malformed_signature_input", reason: "Signature-Input is not label=(…)" };
  if (member.signature === undefined)
    return {
      code: "label_mismatch",
      reason: `Signature has no bytes for the label ${member.label} of Signature-Input`,
    };
  if (member.signature === "malformed")
    return { code: "malformed_signature", reason: "Signature is not label=:base64:" };
  if (member.components.some((name) => /[A-Z]/.test(name.split(";")[0]!)))
    return { code: "malformed_signature_input", reason: "a component is not in lower case" };
  if (new Set(member.components).size !== member.components.length)
    return { code: "malformed_signature_input", reason: "a component is named twice" };
  return undefined;
}

function coverageFound({ components, params }: SignatureMember, { headers }: MessageToExplain): Found {
  if (params.get("tag") !== WEB_BOT_AUTH) return undefined;
  const missing = (reason: string) => ({ code: "insufficient_coverage", reason }) as const;
  if (!components.some((name) => name === "@authority" || name === "@target-uri"))
    return missing("Web Bot Auth requires @authority or @target-uri");
  const isAgentCovered = components.some((name) => name.split(";")[0] === "signature-agent");
  if ("signature-agent" in headers && !isAgentCovered)
    return missing("Web Bot Auth requires that a Signature-Agent that is sent is covered");
  for (const name of ["created", "expires", "keyid"])
    if (!params.has(name)) return missing(`Web Bot Auth requires the parameter ${name}`);
  return undefined;
}

function timesFound({ params, raw }: SignatureMember, now: number): Found {
  const withoutStrings = raw.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  const [, malformed] = /; *(created|expires)(?!=-?\d{1,15}(?:;|$))(?=[;=]|$)/.exec(withoutStrings) ?? [];
  if (malformed !== undefined) {
    const code = malformed === "created" ? "created_missing" : "malformed_signature_input";
    return { code, reason: `${malformed} is not an integer` };
  }
  const [created, expires] = [params.get("created"), params.get("expires")].map((text) =>
    text === undefined ? undefined : Number(text),
  );
  if (created !== undefined && created > now + LEEWAY_SECONDS)
    return { code: "created_out_of_window", reason: `created is ${created - now} s in the future` };
  if (expires !== undefined && !(expires >= now))
    return { code: "signature_expired", reason: `expires is ${now - expires} s in the past` };
  return undefined;
}

/** The key that `keyid` names, or the only one; else the reason for having none. */
async function keyOf({ params }: SignatureMember, keys: readonly GivenKey[]): Promise<GivenKey | string> {
  const keyid = params.get("keyid");
  const [only, ...others] = keys;
  if (only === undefined)
    return `the key${keyid === undefined ? "" : ` ${keyid}`} is not in the message: give the signer’s public key`;
  const named = namedKey(keyid, keys);
  if (named !== undefined) return named;
  if (others.length === 0) return only;
  return keyid === undefined
    ? "the message names no key, and several are given"
    : `none of the keys given has the name or thumbprint ${keyid}`;
}

const namedKey = (keyid: string | undefined, keys: readonly GivenKey[]): GivenKey | undefined =>
  keys.find(({ kid, thumbprint }) => keyid !== undefined && (kid === keyid || thumbprint === keyid));

const isKey = (key: GivenKey | string | undefined): key is GivenKey => typeof key === "object";

function algorithmFound({ params }: SignatureMember, { algorithms }: GivenKey): Found {
  const alg = params.get("alg");
  if (algorithms.length === 0)
    return { code: "unsupported_key", reason: "the key given is of no algorithm of RFC 9421 section 3.3" };
  return alg === undefined || algorithms.includes(alg)
    ? undefined
    : {
        code: "key_algorithm_not_allowed",
        reason: `alg is ${alg}, and the key is for ${algorithms.join(" or ")}`,
      };
}

function lengthFound({ signature }: SignatureMember, key: GivenKey | string | undefined): Found {
  if (!isKey(key) || signature?.length === key.signatureBytes) return undefined;
  return {
    code: "malformed_signature",
    reason: `the signature has ${signature?.length} bytes, and one by this key has ${key.signatureBytes}`,
  };
}

async function verifies(
  { params, signature }: SignatureMember,
  key: GivenKey,
  base: string,
): Promise<boolean> {
  const alg = params.get("alg");
  const bytes = new TextEncoder().encode(base);
  for (const name of alg === undefined ? key.algorithms : [alg])
    if (key.algorithms.includes(name) && (await key.verify(name, bytes, signature as Uint8Array)))
      return true;
  return false;
}

async function digestFound({ headers, body }: MessageToExplain): Promise<Found> {
  const digest = fieldValue(headers, "content-digest");
  if (digest === undefined) return undefined;
  try {
    await verifyContentDigest(digest, body ?? new Uint8Array());
    return undefined;
  } catch (error) {
    return error instanceof AAuthVerificationError
      ? { code: error.code, reason: error.message }
      : { code: "malformed_digest", reason: "Content-Digest cannot be read" };
  }
}

async function editOf(
  member: SignatureMember,
  key: GivenKey,
  parts: Parameters<typeof findEdit>[0],
  { body }: MessageToExplain,
  { keys, hosts }: SignatureOptions,
) {
  const base = attempt(() => signatureBaseOf(parts)).value;
  for (const other of keys)
    if (other !== key && base !== undefined && (await verifies(member, other, base)))
      return {
        part: "key",
        text: `it was signed with the key ${other.kid ?? other.thumbprint}, and names another one`,
      } as const;
  return findEdit(parts, {
    body,
    hosts,
    build: signatureBaseOf,
    verify: (edited) => verifies(member, key, edited),
  });
}

function attempt<T>(run: () => T): { value?: T; problem?: string } {
  try {
    return { value: run() };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : "it cannot be built" };
  }
}
