/**
 * The diagnosis of one message.
 *
 * @module
 */

import { AAuthError } from "../errors.ts";
import { fieldValue, requireFieldObject } from "../headers/field.ts";
import { parseSignature } from "../headers/signature.ts";
import { parseSignatureInput } from "../headers/signature-input.ts";
import { parseSignatureKey } from "../headers/signature-key.ts";
import type { Discovery } from "../metadata/discovery.ts";
import { PROFILE } from "../profile.ts";
import type { VerifierOptions } from "../resource/verifier-options.ts";
import { createVerifier } from "../resource/verify-request.ts";
import { requestTarget } from "../signing/authority.ts";
import type { VerificationReport } from "../signing/report.ts";
import { rebuildSignatureBase } from "../signing/verify-signature.ts";
import { decodeToken } from "../tokens/decode-token.ts";
import type { HeaderFields, Requirement, VerifiedAgent } from "../types.ts";
import { claimedKey } from "./claimed-key.ts";
import type {
  ExplainedCheck,
  ExplainedHeader,
  ExplainedSignatureBase,
  ExplainedToken,
  Explanation,
} from "./explanation.ts";
import { type MessageForSecondOpinion, secondSignatureBase, secondVerdict } from "./second-opinion.ts";
import { CHECK_SECTIONS } from "./sections.ts";

/** A request to be explained, as it was sent or recorded. */
export interface MessageToExplain {
  readonly method: string;
  /** Absolute: its authority is taken for the one the receiver is configured with. */
  readonly url: string;
  /** In whatever case the names were recorded. */
  readonly headers: HeaderFields;
  readonly body?: Uint8Array | undefined;
}

export interface ExplainOptions extends Partial<Omit<VerifierOptions, "authorities" | "discovery">> {
  /** Finds keys and metadata. It is asked for whatever the message names, within its own guard. */
  readonly discovery: Discovery;
  /** What the route would demand; without it the message is judged by its signature alone. */
  readonly requirement?: Requirement;
}

/**
 * Explains a signed request: its headers parsed, its signature base as this package builds it and as
 * `http-message-signatures` does, its tokens decoded, and each check of the gate with verdict, reason and section.
 *
 * The verdict is that of a gate made of `options`, asked once: a message that was accepted elsewhere is judged as if
 * its nonce were new, and by the clock given. It does NOT verify tokens beyond what that gate does, and its answer
 * must never let a request pass: that is `createVerifier`'s work. It does NOT escape strings: claims and fields are as their sender
 * wrote them, and a terminal acts on control and bidi characters in them.
 *
 * Never throws for anything in the message; what cannot be parsed is told in the answer.
 *
 * @throws TypeError when `url` is not an absolute http or https URL, or `headers` are a `Headers` object
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
  requireFieldObject(recorded.headers);
  const message = { ...recorded, headers: inLowerCase(recorded.headers) };
  const { authority, target } = requestTarget(message.url);
  const { method, headers, body } = message;
  const received: MessageForSecondOpinion = { method, authority, target, headers };
  const outcome = await judge(
    message,
    { ...verifierOptions, discovery, authorities: [authority] },
    requirement,
  );
  const opinion = await askSecond(received, discovery);

  return {
    verdict: outcome.error ? "refused" : "accepted",
    ...(outcome.error ? { code: outcome.error.code, reason: outcome.error.message } : {}),
    ...(outcome.agent ? { agent: outcome.agent } : {}),
    request: { method, authority, target, bodyBytes: body?.byteLength ?? 0 },
    headers: explainHeaders(headers),
    signatureBase: explainBase(received),
    ...opinion,
    ...withKeySource(opinion.key, outcome.report),
    tokens: explainTokens(headers),
    checks: explainChecks(outcome.report, outcome.error),
  };
}

/** Whoever pastes a message should not learn that it has no signature because it says `Signature-Key`. */
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
  readonly agent?: VerifiedAgent;
  readonly report: VerificationReport;
  readonly error?: AAuthError;
}

async function judge(
  message: MessageToExplain,
  options: VerifierOptions,
  requirement: Requirement | undefined,
): Promise<Outcome> {
  const { target } = requestTarget(message.url);
  try {
    return await createVerifier(options).verifyRequest(
      { method: message.method, target, headers: message.headers, body: message.body },
      requirement,
    );
  } catch (error) {
    if (!(error instanceof AAuthError)) throw error;
    return { error, report: error.report ?? { checks: [] } };
  }
}

function explainHeaders(headers: HeaderFields): ExplainedHeader[] {
  const { signatureKey, signatureInput, signature, contentDigest, nonce } = PROFILE.headers;
  const parsers: readonly [string, (value: string) => unknown][] = [
    [signatureKey, (value) => parseSignatureKey(value, { semicolonForm: true })],
    [signatureInput, readableSignatureInput],
    [signature, readableSignature],
    [contentDigest, (value) => value],
    [nonce, (value) => value],
  ];
  return parsers.map(([name, parse]) => {
    const value = fieldValue(headers, name);
    if (value === undefined) return { name };
    return { name, value, ...attempt("parsed", () => parse(value)) };
  });
}

function readableSignatureInput(value: string): unknown {
  const { label, components, params } = parseSignatureInput(value);
  return { label, components, params: Object.fromEntries(params) };
}

function readableSignature(value: string): unknown {
  const { label, bytes } = parseSignature(value);
  return { label, byteLength: bytes.length };
}

function explainBase(message: MessageForSecondOpinion): ExplainedSignatureBase {
  const signatureInput = fieldValue(message.headers, PROFILE.headers.signatureInput);
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
): Promise<Pick<Explanation, "key" | "secondOpinion">> {
  const signatureKey = fieldValue(message.headers, PROFILE.headers.signatureKey);
  if (signatureKey === undefined) return {};
  try {
    const key = await claimedKey(signatureKey, discovery);
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

function explainTokens(headers: HeaderFields): ExplainedToken[] {
  const value = fieldValue(headers, PROFILE.headers.signatureKey);
  if (value === undefined) return [];
  try {
    const claim = parseSignatureKey(value, { semicolonForm: true });
    if (claim.scheme !== "jwt") return [];
    try {
      return [{ where: "signature-key", ...decodeToken(claim.jwt) }];
    } catch (error) {
      return [{ where: "signature-key", problem: textOf(error) }];
    }
  } catch {
    return []; // told under headers already
  }
}

function explainChecks(report: VerificationReport, error: AAuthError | undefined): ExplainedCheck[] {
  return report.checks.map((check) => ({
    ...check,
    ...(check.verdict === "failed" && error !== undefined && { code: error.code }),
    section: CHECK_SECTIONS[check.name],
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
