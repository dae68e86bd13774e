/**
 * The only door to `http-message-signatures` outside tests and measurements: an implementation of
 * RFC 9421 by other people, asked what it makes of the same message. It is not asked whether a
 * message may pass; the verifier's reasons for not using it are in docs/decisions.
 *
 * @module
 */

import type { HeaderFields, VerificationKey, WireProfile } from "aauth";
import { componentIdentifier, type SignatureInput } from "aauth/wire";
// Not the package's index: that one brings node:crypto along, which a page has not.
import * as httpbis from "http-message-signatures/lib/httpbis/index.js";

export interface MessageForSecondOpinion {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  readonly target: string;
  readonly headers: HeaderFields;
}

/** @throws whatever the library throws; the caller shows the message. */
export function secondSignatureBase(
  message: MessageForSecondOpinion,
  { components, raw }: Pick<SignatureInput, "components" | "raw">,
): string {
  const base = coveredLines(components, toLibraryRequest(message));
  return `${httpbis.formatSignatureBase(base)}\n"@signature-params": ${raw}`;
}

/**
 * Verifies the signature over the base that the library builds, with the library's own reading of
 * `Signature-Input`. Its `verifyMessage` does the same, but needs `Buffer`, which browsers lack,
 * and uses its own clock.
 *
 * @throws whatever the library or a header parser throws; the caller shows the message.
 */
export async function secondVerdict(
  message: MessageForSecondOpinion,
  key: VerificationKey,
  profile: WireProfile,
): Promise<boolean> {
  const { messages } = profile;
  const input = messages.parseSignatureInput(single(message.headers[messages.fields.signatureInput]));
  // Selects among several members; where there is one, the library finds that its label differs.
  const { label, bytes } = messages.parseSignature(single(message.headers.signature), input.label);
  const { components } = input;
  const request = toLibraryRequest(message);
  const base = coveredLines(components, request);
  base.push([
    '"@signature-params"',
    httpbis.extractHeader("signature-input", new Map([["key", label]]), request),
  ]);
  return key.verify(new TextEncoder().encode(httpbis.formatSignatureBase(base)), bytes);
}

/**
 * Value of a field for a component with parameters (RFC 9421 section 2.1): a member of a dictionary
 * (`;key`), a strict serialization (`;sf`), or wrapped bytes (`;bs`).
 *
 * @throws whatever the library throws, for a message without it
 */
export function parameterizedValue(
  name: string,
  parameters: string,
  message: MessageForSecondOpinion,
): string {
  const given = [...parameters.matchAll(/; *([a-z*][\w.*-]*)(?:="?([^"]*)"?)?/g)];
  const params = new Map(given.map(([, key = "", value = "true"]) => [key, value]));
  if (name.startsWith("@") || params.has("req") || params.has("tr")) throw new Error("not of a request");
  return httpbis.extractHeader(name, params, toLibraryRequest(message)).join(", ");
}

function coveredLines(components: readonly string[], request: ReturnType<typeof toLibraryRequest>) {
  return httpbis.createSignatureBase({ fields: components.map(componentIdentifier) }, request);
}

function toLibraryRequest({ method, scheme, authority, target, headers }: MessageForSecondOpinion) {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) fields[name] = single(value);
  }
  return { method, url: `${scheme}://${authority}${target}`, headers: fields };
}

function single(value: string | readonly string[] | undefined): string {
  return typeof value === "string" ? value : (value ?? []).join(", ");
}
