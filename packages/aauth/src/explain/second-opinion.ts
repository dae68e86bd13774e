/**
 * The only door to `http-message-signatures` outside tests: an implementation of RFC 9421 by other people, asked what it
 * makes of the same message. It is not asked whether a message may pass; the gate's reasons for not using it are in
 * docs/decisions.
 *
 * @module
 */

// Not the package's index: that one brings node:crypto along, which a page has not.
import * as httpbis from "http-message-signatures/lib/httpbis/index.js";
import { encodeBase64 } from "../base64.ts";
import { parseSignature } from "../headers/signature.ts";
import { parseSignatureInput } from "../headers/signature-input.ts";
import type { HeaderFields, VerificationKey } from "../types.ts";

export interface MessageForSecondOpinion {
  readonly method: string;
  readonly authority: string;
  readonly target: string;
  readonly headers: HeaderFields;
}

/** The library keeps its own window; the gate has judged `created` already. */
const NO_AGE_LIMIT = { notAfter: Number.MAX_SAFE_INTEGER };

/** @throws whatever the library or a header parser throws; the caller shows the message. */
export function secondSignatureBase(message: MessageForSecondOpinion, signatureInput: string): string {
  const { components, raw } = parseSignatureInput(signatureInput);
  const fields = components.map((name) => `"${name}"`);
  const base = httpbis.createSignatureBase({ fields }, toLibraryRequest(message));
  return `${httpbis.formatSignatureBase(base)}\n"@signature-params": ${raw}`;
}

/** @throws whatever the library or a header parser throws; the caller shows the message. */
export async function secondVerdict(
  message: MessageForSecondOpinion,
  key: VerificationKey,
): Promise<boolean> {
  const signature = parseSignature(single(message.headers.signature));
  const request = toLibraryRequest(message);
  // Our dialect writes base64url; the library reads RFC 8941 byte sequences.
  request.headers.signature = `${signature.label}=:${encodeBase64(signature.bytes)}:`;
  const verdict = await httpbis.verifyMessage(
    {
      keyLookup: async () => ({
        id: key.thumbprint,
        verify: async (data, bytes) => key.verify(data, bytes),
      }),
      ...NO_AGE_LIMIT,
    },
    request,
  );
  return verdict === true;
}

function toLibraryRequest({ method, authority, target, headers }: MessageForSecondOpinion) {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) fields[name] = single(value);
  }
  return { method, url: `http://${authority}${target}`, headers: fields };
}

function single(value: string | readonly string[] | undefined): string {
  return typeof value === "string" ? value : (value ?? []).join(", ");
}
