/**
 * The diagnosis of one message.
 *
 * @module
 */

import {
  type AAuthError,
  AAuthVerificationError,
  type Discovery,
  decodeToken,
  type HeaderFields,
  type ProvenCaller,
  type Requirement,
  type VerificationKey,
  type VerificationReport,
  type WireProfile,
} from "aauth";
import type { VerifierOptions } from "aauth/resource";
import {
  buildSignatureBase,
  fieldValue,
  importVerificationKey,
  requestTarget,
  type SignatureInput,
  TOKEN_TYPES,
  verifierOf,
} from "aauth/wire";
import { type BaseParts, type Edit, type EditMaterial, findEdit } from "./edits.ts";
import type {
  ExplainedCheck,
  ExplainedHeader,
  ExplainedParties,
  ExplainedResponse,
  ExplainedSignatureBase,
  ExplainedToken,
  Explanation,
} from "./explanation.ts";
import type { KnownProfiles, MessageToExplain } from "./message.ts";
import { profileOf } from "./profile-of.ts";
import { explainSignature, isPlainSignature } from "./rfc9421/explain-signature.ts";
import { type GivenJwk, type GivenKey, givenKey } from "./rfc9421/public-key.ts";
import { type MessageForSecondOpinion, secondSignatureBase, secondVerdict } from "./second-opinion.ts";
import { remedyFor, sentenceOf } from "./sentences.ts";

/**
 * Options of the verifier: those of `createVerifier` without the authority, which the message
 * names.
 */
export interface ExplainOptions
  extends Omit<VerifierOptions, "authorities" | "discovery" | "profile" | "accept" | "personServers"> {
  /**
   * Issuers whose tokens are accepted: person servers, or the auth server of a dialect without
   * them. Default: those of the profile.
   */
  readonly issuers?: readonly string[] | undefined;
  /**
   * Dialects that the message may be in. The message is judged by its own dialect ({@link
   * profileOf}) if the other options are valid in it, and otherwise by the first dialect in which
   * they are.
   */
  readonly profiles: KnownProfiles;
  /** Finds keys and metadata. It is asked for whatever the message names, within its own guard. */
  readonly discovery: Discovery;
  /**
   * Public keys, as JWKs, for messages that are not AAuth, and to tell which key signed instead.
   * Default: none.
   */
  readonly keys?: readonly GivenJwk[] | undefined;
  /**
   * Requirement of the route. Default: none, so that the message is judged by its signature alone.
   */
  readonly requirement?: Requirement<string>;
}

/**
 * Explains a signed request: its headers parsed, its signature base as `aauth` builds it and as
 * `http-message-signatures` does, its tokens decoded, and each check of the verifier with verdict,
 * reason and section.
 *
 * The verdict is that of a verifier made of `options`, asked once: a message that was accepted
 * elsewhere is judged as if its nonce were new, and by the clock given. It does NOT verify tokens
 * beyond what that verifier does, and its answer must never let a request pass: that is
 * `createVerifier`'s work. It does NOT escape strings: claims and fields are as their sender wrote
 * them, and a terminal acts on control and bidi characters in them.
 *
 * Never throws for anything in the message; the answer says what cannot be parsed.
 *
 * @throws TypeError when `url` is not an absolute http or https URL, and for options that mean
 * nothing in any of the profiles
 *
 * @example
 * const options = { profiles: [draft11], discovery: createDiscovery() } as const;
 * const explanation = await explainMessage({ method, url, headers }, options);
 * for (const { name, verdict, reason } of explanation.checks) console.log(verdict, name, reason ?? "");
 */
export async function explainMessage(
  recorded: MessageToExplain,
  options: ExplainOptions,
): Promise<Explanation> {
  const { profiles: known, issuers, discovery, keys = [], requirement, ...verifierOptions } = options;
  const [first, ...others] = known;
  const profiles: KnownProfiles = [trusting(first, issuers), ...others.map((own) => trusting(own, issuers))];
  const response = recorded.response && {
    ...recorded.response,
    headers: inLowerCase(recorded.response.headers),
  };
  const message = { ...recorded, headers: inLowerCase(recorded.headers), response };
  const { scheme: named, authority, target } = requestTarget(message.url);
  const scheme = options.audience === undefined ? named : requestTarget(options.audience).scheme;
  const hosts = [fieldValue(message.headers, "host"), /^https?:\/\/([^/?#]*)/i.exec(message.url)?.[1]];
  const material = {
    keys: await Promise.all(keys.map(givenKey)),
    hosts: hosts.filter((host) => host !== undefined),
  };
  const judging = { ...verifierOptions, discovery, authorities: [authority] };
  const profile = profileFor(message, profiles, judging, requirement);
  const { method, headers, body } = message;
  const received: MessageForSecondOpinion = { method, scheme, authority, target, headers };
  if (isPlainSignature(message)) {
    const now = options.now ?? (() => Math.floor(Date.now() / 1000));
    return {
      ...(await explainSignature(message, received, { ...material, now })),
      ...(response && { response: explainResponse(response, profile) }),
    };
  }
  const outcome = await judge(message, { ...judging, profile }, requirement);
  const { imported, ...opinion } = await askSecond(received, discovery, profile);
  const edit =
    outcome.error?.code === "invalid_signature" && imported !== undefined
      ? await editOf(received, profile, { ...material, key: imported, body })
      : undefined;
  const tokens = requestTokens(message, profile);
  const explained = {
    profile: profile.name,
    verdict: outcome.error ? ("refused" as const) : ("accepted" as const),
    parties: { ...partiesOf(tokens, outcome.caller, opinion.key?.thumbprint), receiver: authority },
    ...(outcome.error ? { code: outcome.error.code, reason: outcome.error.message } : {}),
    ...(outcome.caller ? { caller: outcome.caller } : {}),
    request: { method, authority, target, bodyBytes: body?.byteLength ?? 0 },
    headers: explainHeaders(headers, profile),
    signatureBase: explainBase(received, profile),
    ...opinion,
    ...withKeySource(opinion.key, outcome.report),
    ...(response && { response: explainResponse(response, profile) }),
    tokens: [...tokens, ...(response ? responseTokens(response, profile) : [])],
    checks: explainChecks(outcome.report, outcome.error),
  };
  const remedy = await remedyFor(explained, { edit, message });
  return { ...explained, sentence: sentenceOf(explained), ...(remedy && { remedy }) };
}

/** The signer as claimed, and the issuer of its token. */
function partiesOf(
  [token]: readonly ExplainedToken[],
  caller: ProvenCaller | undefined,
  thumbprint: string | undefined,
): Omit<ExplainedParties, "receiver"> {
  const { iss, sub, agent } = (token?.where.startsWith("body") ? undefined : token?.claims) ?? {};
  const isAgentToken = /agent/.test(String(token?.header?.typ));
  const claimed = isAgentToken ? (token?.header?.typ === TOKEN_TYPES.agent ? sub : iss) : agent;
  const signer =
    caller?.agent ??
    caller?.server ??
    (typeof claimed === "string" ? claimed : thumbprint && `the key ${thumbprint}`);
  return { ...(signer && { signer }), ...(typeof iss === "string" && { issuer: iss }) };
}

/** Searches what was signed instead, by the key that the message names. */
async function editOf(
  received: MessageForSecondOpinion,
  { messages }: WireProfile,
  {
    key,
    keys,
    ...material
  }: Pick<EditMaterial, "body" | "hosts"> & {
    readonly key: VerificationKey;
    readonly keys: readonly GivenKey[];
  },
): Promise<Edit | undefined> {
  const { fields, absentQuery } = messages;
  const { components, raw, label } = messages.parseSignatureInput(
    fieldValue(received.headers, fields.signatureInput) ?? "",
  );
  const { bytes } = messages.parseSignature(fieldValue(received.headers, fields.signature) ?? "", label);
  const parts = { ...received, components, signatureParams: raw };
  const build = (edited: BaseParts) => buildSignatureBase({ ...edited, absentQuery });
  const base = new TextEncoder().encode(build(parts));
  for (const { thumbprint, kid, algorithms, verify } of keys)
    for (const algorithm of algorithms)
      if (thumbprint !== key.thumbprint && (await verify(algorithm, base, bytes)))
        return {
          part: "key",
          text: `it was signed with the key ${kid ?? thumbprint}, and names another one`,
        };
  const verify = async (edited: string) => key.verify(new TextEncoder().encode(edited), bytes);
  return findEdit(parts, { ...material, build, verify });
}

const trusting = (profile: WireProfile, issuers = profile.verification.issuers): WireProfile => ({
  ...profile,
  verification: { ...profile.verification, ...(issuers && { issuers }) },
});

/**
 * Profile of the message. Another one where its verifier cannot have these options, or its routes
 * this requirement, which are not part of the message.
 */
function profileFor(
  message: MessageToExplain,
  profiles: KnownProfiles,
  options: VerifierOptions,
  requirement: Requirement<string> | undefined,
): WireProfile {
  const own = profileOf(message, profiles);
  return [own, ...profiles].find((profile) => isMeant(profile, options, requirement)) ?? own;
}

function isMeant(
  profile: WireProfile,
  options: VerifierOptions,
  requirement: Requirement<string> | undefined,
): boolean {
  try {
    const verifier = verifierOf({ ...options, profile }, { refusesUnmeetable: false });
    if (requirement !== undefined) verifier.checkRequirement(requirement);
    return true;
  } catch {
    return false;
  }
}

/** Recorded messages often have `Signature-Key`: they must not be reported as unsigned. */
function inLowerCase(headers: HeaderFields): HeaderFields {
  const fields: Record<string, string | readonly string[]> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase();
    if (value === undefined) continue;
    const earlier = fields[key];
    fields[key] = earlier === undefined ? value : [earlier, value].flat();
  }
  return fields;
}

interface Outcome {
  readonly caller?: ProvenCaller;
  readonly report: VerificationReport;
  readonly error?: AAuthVerificationError;
}

async function judge(
  message: MessageToExplain,
  options: VerifierOptions & { readonly profile: WireProfile },
  requirement: Requirement<string> | undefined,
): Promise<Outcome> {
  const { target } = requestTarget(message.url);
  try {
    const verifier = verifierOf(options, { refusesUnmeetable: false });
    const request = { method: message.method, target, headers: message.headers, body: message.body };
    return await (requirement === undefined
      ? verifier.verifyRequest(request)
      : verifier.verifyRequest(request, requirement));
  } catch (error) {
    if (!(error instanceof AAuthVerificationError)) throw error;
    const { name } = options.profile;
    return { error, report: error.report ?? { profile: name, checks: [] } };
  }
}

function explainHeaders(headers: HeaderFields, profile: WireProfile): ExplainedHeader[] {
  const { messages } = profile;
  const label = labelOf(headers, profile);
  const { signatureKey, signatureInput, signature, ...others } = messages.fields;
  const parsers: readonly [string, (value: string) => unknown][] = [
    [signatureKey, (value) => messages.parseKeyClaim(value, label)],
    [signatureInput, (value) => readableSignatureInput(messages.parseSignatureInput(value))],
    [signature, (value) => readableSignature(messages.parseSignature(value, label))],
    ...Object.values(others).map((name): [string, (value: string) => unknown] => [name, (value) => value]),
  ];
  return parsers.flatMap(([name, parse]) => {
    const value = fieldValue(headers, name);
    if (value === undefined) return [{ name }];
    return [{ name, value, ...attempt("parsed", () => parse(value)) }];
  });
}

/**
 * Label of the signature that is verified, where there are several. Undefined where it is unknown
 * or does not matter.
 */
function labelOf(headers: HeaderFields, { messages }: WireProfile): string | undefined {
  const value = fieldValue(headers, messages.fields.signatureInput);
  return value === undefined
    ? undefined
    : attempt("label", () => messages.parseSignatureInput(value).label).label;
}

function readableSignatureInput({ label, components, params }: SignatureInput): unknown {
  return { label, components, params: Object.fromEntries(params) };
}

function readableSignature({ label, bytes }: { label: string; bytes: Uint8Array }): unknown {
  return { label, byteLength: bytes.length };
}

function explainBase(message: MessageForSecondOpinion, { messages }: WireProfile): ExplainedSignatureBase {
  const signatureInput = fieldValue(message.headers, messages.fields.signatureInput);
  if (signatureInput === undefined) return { agree: false, problem: "the message has no signature-input" };
  const input = () => messages.parseSignatureInput(signatureInput);
  const ours = attempt("ours", () => {
    const { components, raw: signatureParams } = input();
    return buildSignatureBase({
      ...message,
      components,
      signatureParams,
      absentQuery: messages.absentQuery,
    });
  });
  const second = attempt("secondOpinion", () => secondSignatureBase(message, input()));
  const agree = ours.ours !== undefined && ours.ours === second.secondOpinion;
  const different = agree ? undefined : firstDifferentLine(ours.ours, second.secondOpinion);
  return {
    ...second,
    ...ours,
    agree,
    ...(different === undefined ? {} : { firstDifferentLine: different }),
  };
}

function firstDifferentLine(one: string | undefined, other: string | undefined): number | undefined {
  if (one === undefined || other === undefined) return undefined;
  const others = other.split("\n");
  const index = one.split("\n").findIndex((line, at) => line !== others[at]);
  return (index === -1 ? one.split("\n").length : index) + 1;
}

async function askSecond(
  message: MessageForSecondOpinion,
  discovery: Discovery,
  profile: WireProfile,
): Promise<Pick<Explanation, "key" | "secondOpinion"> & { readonly imported?: VerificationKey }> {
  const { messages, verification } = profile;
  const signatureKey = fieldValue(message.headers, messages.fields.signatureKey);
  if (signatureKey === undefined) return {};
  try {
    const claim = messages.parseKeyClaim(signatureKey, labelOf(message.headers, profile));
    const imported = await importVerificationKey(await verification.claimedJwk(claim, discovery), {
      algorithms: messages.keyAlgorithms,
    });
    const key = { thumbprint: imported.thumbprint };
    try {
      return { imported, key, secondOpinion: { verifies: await secondVerdict(message, imported, profile) } };
    } catch (error) {
      return { imported, key, secondOpinion: { verifies: false, reason: textOf(error) } };
    }
  } catch (error) {
    return { key: { problem: textOf(error) } };
  }
}

function withKeySource(key: Explanation["key"], report: VerificationReport): Pick<Explanation, "key"> {
  return report.keySource === undefined ? {} : { key: { ...key, source: report.keySource } };
}

function explainResponse(
  { status, headers }: { readonly status: number; readonly headers: HeaderFields },
  { display }: WireProfile,
): ExplainedResponse {
  const explained = Object.entries(display.answerFields).flatMap(([name, read]): ExplainedHeader[] => {
    const value = fieldValue(headers, name);
    return value === undefined ? [] : [{ name, value, ...attempt("parsed", () => read(value)) }];
  });
  return { status, headers: explained };
}

function requestTokens({ headers, body }: MessageToExplain, profile: WireProfile): ExplainedToken[] {
  const { messages } = profile;
  const { signatureKey: where } = messages.fields;
  const value = fieldValue(headers, where);
  // The problem stands under headers already.
  const claim =
    value === undefined
      ? undefined
      : attempt("claim", () => messages.parseKeyClaim(value, labelOf(headers, profile))).claim;
  const tokens = claim?.jwt === undefined ? [] : [explainToken(where, claim.jwt, profile)];
  return [...tokens, ...bodyTokens("body", body, profile)];
}

function responseTokens(
  { headers, body }: { readonly headers: HeaderFields; readonly body?: Uint8Array | undefined },
  profile: WireProfile,
): ExplainedToken[] {
  const tokens = Object.entries(profile.display.answerFields).flatMap(([name, read]): ExplainedToken[] => {
    const value = fieldValue(headers, name);
    const parsed = value === undefined ? undefined : attempt("parsed", () => read(value)).parsed;
    const { resourceToken } = (parsed ?? {}) as { readonly resourceToken?: unknown };
    return typeof resourceToken === "string" ? [explainToken(name, resourceToken, profile)] : [];
  });
  return [...tokens, ...bodyTokens("answer", body, profile)];
}

/** Members of a JSON object in the body that are tokens. */
function bodyTokens(where: string, body: Uint8Array | undefined, profile: WireProfile): ExplainedToken[] {
  if (body === undefined) return [];
  const read = () => JSON.parse(new TextDecoder().decode(body)) as unknown;
  return Object.entries(attempt("members", read).members ?? {}).flatMap(([name, value]): ExplainedToken[] => {
    if (typeof value !== "string" || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(value)) return [];
    const token = explainToken(`${where}, ${name}`, value, profile);
    return token.claims === undefined ? [] : [token];
  });
}

function explainToken(where: string, jwt: string, { display }: WireProfile): ExplainedToken {
  const { token, problem } = attempt("token", () => decodeToken(jwt));
  if (token === undefined) return { where, problem: problem ?? "it cannot be decoded" };
  const { typ } = token.header;
  const { tokenSections } = display;
  const section =
    typeof typ === "string" && Object.hasOwn(tokenSections, typ) ? tokenSections[typ] : undefined;
  return { where, ...(section !== undefined && { section }), ...token };
}

function explainChecks(report: VerificationReport, error: AAuthError | undefined): ExplainedCheck[] {
  return report.checks.map((check) => ({
    ...check,
    ...(check.verdict === "failed" && error !== undefined && { code: error.code }),
  }));
}

/** Runs a parser for display: its value under `name`, or the reason under `problem`. */
function attempt<N extends string, T>(name: N, run: () => T): { [K in N]?: T } & { problem?: string } {
  try {
    return { [name]: run() } as { [K in N]?: T };
  } catch (error) {
    return { problem: textOf(error) } as { [K in N]?: T } & { problem: string };
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown failure";
}
