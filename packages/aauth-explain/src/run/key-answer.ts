import type { TracedToken } from "./attribute-names.ts";
import { text } from "./describe-token.ts";
import type { Message } from "./protocol-run.ts";
import { readSignatureKey } from "./signature-fields.ts";
import { ownMember } from "./trace-span.ts";

const KEY_SOURCES: Readonly<Record<string, string>> = {
  header: "it is in the request",
  discovery: "the receiver fetched it from the signer’s published key set",
  "discovery-cache": "the receiver had the signer’s published key set in its cache",
  "auth-token": "the auth token names it (cnf.jwk)",
  "agent-token": "the agent token names it (cnf.jwk)",
  "person-token": "the person token names it (cnf.jwk)",
};

/** Source of the receiver's key if the signature was made with a different one. */
const OTHER_KEYS: Readonly<Record<string, string>> = {
  header: "the request names another key",
  discovery: "the signer publishes another key",
  "discovery-cache": "the signer publishes another key",
};
const BOUND_TO_ANOTHER = "the token is bound to another key";

/** States where a receiver found a key, by the `key_source` of its span. */
export function keySourceInWords(source: string): string {
  return KEY_SOURCES[source] ?? source;
}

export const provingVerifier = ({ verifiers }: Message) =>
  verifiers.findLast(({ agentLevel }) => agentLevel !== undefined);
export const verifierOf = (message: Message) => provingVerifier(message) ?? message.verifiers.at(-1);

/** The token that the message carries. */
export function tokenOf(message: Message): TracedToken | undefined {
  return message.signer?.token ?? message.verifiers.find(({ token }) => token !== undefined)?.token;
}

/**
 * States the signing key and where the receiver found it, unless the receiver found a different
 * one.
 */
export function keyAnswer(message: Message): string {
  const { signer } = message;
  if (signer?.scheme === undefined) return "None.";
  const { kid, thumbprint } = signer;
  const name = kid === undefined ? "" : ` ${kid}`;
  const print = thumbprint === undefined ? "" : `, thumbprint ${thumbprint}`;
  const other = otherKey(message);
  if (other !== undefined) {
    const refused = verifierOf(message)?.verdict === "refused" ? ": refused" : "";
    return `Key${name}${print}. ${other[0]!.toUpperCase()}${other.slice(1)}${refused}.`;
  }
  const source = verifierOf(message)?.keySource;
  const found = source === undefined ? "" : `; ${keySourceInWords(source)}`;
  return `${keyType(message)}${name}${print}${found}.`;
}

/** Reason why a message does not prove the claims of its token or name; undefined if it may. */
export function unprovenBecause(message: Message): string | undefined {
  if (message.signer === undefined) return undefined;
  return message.signer.scheme === undefined ? "the request is not signed" : otherKey(message);
}

/** Whether a receiver found that the message's token is not signed by its issuer. */
export const isTokenForged = ({ verifiers }: Message) =>
  verifiers.some(
    ({ verdict, errorCode }) => verdict === "refused" && errorCode === "invalid_token_signature",
  );

/** Explains that the receiver verified with a key other than the signing one. */
function otherKey(message: Message): string | undefined {
  const { keySource, thumbprint } = verifierOf(message) ?? {};
  const signedWith = message.signer?.thumbprint;
  if (thumbprint === undefined || signedWith === undefined || thumbprint === signedWith) return undefined;
  return ownMember(OTHER_KEYS, keySource) ?? BOUND_TO_ANOTHER;
}

/** The curve, if the message contains it: in the key of scheme hwk or in the token's `cnf`. */
function keyType(message: Message): string {
  const key = readSignatureKey(message.request.headers?.["signature-key"] ?? "");
  const confirmed = (tokenOf(message)?.claims?.cnf as { jwk?: { crv?: unknown } } | undefined)?.jwk?.crv;
  const curve = key?.parameters.find(({ name }) => name === "crv")?.value ?? text(confirmed);
  return curve === undefined ? "Key" : `${curve} key`;
}
