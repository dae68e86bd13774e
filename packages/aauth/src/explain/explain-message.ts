/**
 * The diagnosis of one message.
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { type AAuthError, AAuthVerificationError } from "../errors.ts";
import { requestTarget } from "../http-signatures/authority.ts";
import { fieldValue } from "../http-signatures/field.ts";
import type { VerificationReport } from "../http-signatures/report.ts";
import { parseSignatureInput } from "../http-signatures/signature-input.ts";
import { rebuildSignatureBase } from "../http-signatures/verify-signature.ts";
import { importVerificationKey } from "../keys/verification-key.ts";
import { february2026 } from "../profiles/february-2026/index.ts";
import type { WireProfile } from "../profiles/wire-profile.ts";
import type { VerifierOptions } from "../resource/types.ts";
import { verifierOf } from "../resource/verify-request.ts";
import { decodeToken } from "../tokens/decode-token.ts";
import type { HeaderFields, ProvenCaller, Requirement } from "../types.ts";
import type {
  ExplainedCheck,
  ExplainedHeader,
  ExplainedSignatureBase,
  ExplainedToken,
  Explanation,
} from "./explanation.ts";
import { type MessageForSecondOpinion, secondSignatureBase, secondVerdict } from "./second-opinion.ts";

/** A request to be explained, as it was sent or recorded. */
export interface MessageToExplain {
  /** As on the request line. */
  readonly method: string;
  /** Absolute: its authority is taken for the one the receiver is configured with. */
  readonly url: string;
  /** In whatever case the names were recorded. */
  readonly headers: HeaderFields;
  /** The bytes, as they came. Default: none. */
  readonly body?: Uint8Array | undefined;
}

/** The verifier to judge by: the options of `createVerifier` without authority, which the message names. */
export interface ExplainOptions extends Partial<Omit<VerifierOptions, "authorities" | "discovery">> {
  /** Finds keys and metadata. It is asked for whatever the message names, within its own guard. */
  readonly discovery: Discovery;
  /** What the route would demand; without it the message is judged by its signature alone. Default: none. */
  readonly requirement?: Requirement;
}

/**
 * Explains a signed request: its headers parsed, its signature base as this package builds it and as
 * `http-message-signatures` does, its tokens decoded, and each check of the verifier with verdict, reason and section.
 *
 * The verdict is that of a verifier made of `options`, asked once: a message that was accepted elsewhere is judged as if
 * its nonce were new, and by the clock given. It does NOT verify tokens beyond what that verifier does, and its answer
 * must never let a request pass: that is `createVerifier`'s work. It does NOT escape strings: claims and fields are as their sender
 * wrote them, and a terminal acts on control and bidi characters in them.
 *
 * Never throws for anything in the message; the answer says what cannot be parsed.
 *
 * @throws TypeError when `url` is not an absolute http or https URL
 *
 * @example
 * const explanation = await explainMessage({ method, url, headers }, { discovery: createDiscovery() });
 * for (const { name, verdict, reason } of explanation.checks) console.log(verdict, name, reason ?? "");
 */
export async function explainMessage(
  recorded: MessageToExplain,
  options: ExplainOptions,
): Promise<Explanation> {
  const { discovery, requirement, ...verifierOptions } = options;
  const { profile = february2026 } = options;
  const message = { ...recorded, headers: inLowerCase(recorded.headers) };
  const { authority, target } = requestTarget(message.url);
  const { method, headers, body } = message;
  const received: MessageForSecondOpinion = { method, authority, target, headers };
  const outcome = await judge(
    message,
    { ...verifierOptions, discovery, authorities: [authority] },
    requirement,
  );
  const opinion = await askSecond(received, discovery, profile);

  return {
    verdict: outcome.error ? "refused" : "accepted",
    ...(outcome.error ? { code: outcome.error.code, reason: outcome.error.message } : {}),
    ...(outcome.caller ? { caller: outcome.caller } : {}),
    request: { method, authority, target, bodyBytes: body?.byteLength ?? 0 },
    headers: explainHeaders(headers, profile),
    signatureBase: explainBase(received, profile),
    ...opinion,
    ...withKeySource(opinion.key, outcome.report),
    tokens: explainTokens(headers, profile),
    checks: explainChecks(outcome.report, outcome.error),
  };
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
  options: VerifierOptions,
  requirement: Requirement | undefined,
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
    const { name } = options.profile ?? february2026;
    return { error, report: error.report ?? { profile: name, checks: [] } };
  }
}

function explainHeaders(headers: HeaderFields, { messages }: WireProfile): ExplainedHeader[] {
  const { signatureKey, signatureInput, signature, contentDigest, nonce } = messages.fields;
  const parsers: readonly [string | undefined, (value: string) => unknown][] = [
    [signatureKey, (value) => messages.parseKeyClaim(value)],
    [signatureInput, readableSignatureInput],
    [signature, (value) => readableSignature(messages.parseSignature(value))],
    [contentDigest, (value) => value],
    [nonce, (value) => value],
  ];
  return parsers.flatMap(([name, parse]) => {
    if (name === undefined) return [];
    const value = fieldValue(headers, name);
    if (value === undefined) return [{ name }];
    return [{ name, value, ...attempt("parsed", () => parse(value)) }];
  });
}

function readableSignatureInput(value: string): unknown {
  const { label, components, params } = parseSignatureInput(value);
  return { label, components, params: Object.fromEntries(params) };
}

function readableSignature({ label, bytes }: { label: string; bytes: Uint8Array }): unknown {
  return { label, byteLength: bytes.length };
}

function explainBase(message: MessageForSecondOpinion, { messages }: WireProfile): ExplainedSignatureBase {
  const signatureInput = fieldValue(message.headers, messages.fields.signatureInput);
  if (signatureInput === undefined) return { agree: false, problem: "the message has no signature-input" };
  const ours = attempt("ours", () =>
    rebuildSignatureBase(message, message.authority, parseSignatureInput(signatureInput)),
  );
  const second = attempt("secondOpinion", () => secondSignatureBase(message, signatureInput));
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
  { messages, verification }: WireProfile,
): Promise<Pick<Explanation, "key" | "secondOpinion">> {
  const signatureKey = fieldValue(message.headers, messages.fields.signatureKey);
  if (signatureKey === undefined) return {};
  try {
    const claim = messages.parseKeyClaim(signatureKey);
    const key = await importVerificationKey(await verification.claimedJwk(claim, discovery), {
      algorithms: messages.keyAlgorithms,
    });
    try {
      const verifies = await secondVerdict(message, key);
      return { key: { thumbprint: key.thumbprint }, secondOpinion: { verifies } };
    } catch (error) {
      return {
        key: { thumbprint: key.thumbprint },
        secondOpinion: { verifies: false, reason: textOf(error) },
      };
    }
  } catch (error) {
    return { key: { problem: textOf(error) } };
  }
}

function withKeySource(key: Explanation["key"], report: VerificationReport): Pick<Explanation, "key"> {
  return report.keySource === undefined ? {} : { key: { ...key, source: report.keySource } };
}

function explainTokens(headers: HeaderFields, { messages }: WireProfile): ExplainedToken[] {
  const { signatureKey: where } = messages.fields;
  const value = fieldValue(headers, where);
  if (value === undefined) return [];
  let jwt: string | undefined;
  try {
    jwt = messages.parseKeyClaim(value).jwt;
  } catch {
    return []; // the problem stands under headers already
  }
  if (jwt === undefined) return [];
  try {
    return [{ where, ...decodeToken(jwt) }];
  } catch (error) {
    return [{ where, problem: textOf(error) }];
  }
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
