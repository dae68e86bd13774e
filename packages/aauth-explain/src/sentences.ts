import type { AAuthErrorCode } from "aauth";
import { fieldValue, verifyContentDigest } from "aauth/wire";
import type { Edit } from "./edits.ts";
import type { Explanation, Remedy } from "./explanation.ts";
import type { MessageToExplain } from "./message.ts";

type Explained = Omit<Explanation, "sentence" | "remedy">;

/** The explanation in one plain sentence. */
export function sentenceOf({ verdict, request, parties, checks, reason }: Explained): string {
  const { method, target } = request;
  const signer = parties.signer === undefined ? "An unsigned request" : `A request of ${parties.signer}`;
  const message = `${signer}, ${method} ${target} for ${parties.receiver},`;
  if (verdict === "accepted") return `${message} passes every check.`;
  if (verdict === "undecided") return `${message} cannot be judged: ${reason}.`;
  const failed = checks.find((check) => check.verdict === "failed")?.name;
  const where = failed === undefined ? "" : ` at the check “${failed}”`;
  return `${message} is refused${where}: ${reason}.`;
}

/**
 * The change with which a message is accepted. A cause is named only where the message proves it:
 * by a single edit with which its signature verifies, by a body whose digest is the signed one, or
 * by the check itself.
 */
export async function remedyFor(
  { verdict, code }: Explained,
  { edit, message }: { readonly edit: Edit | undefined; readonly message: MessageToExplain },
): Promise<Remedy | undefined> {
  if (verdict !== "refused" || code === undefined) return undefined;
  if (edit !== undefined)
    return { state: "named", text: `${capitalized(edit.text)}. ${EDIT_REMEDIES[edit.part]}`, edit };
  if (code === "invalid_signature") return { state: "unknown", text: await unknownText(message) };
  if (code === "digest_mismatch") return digestRemedy(message);
  const text = remedySeenIn(code, message) ?? REMEDIES[code];
  return text === undefined ? undefined : { state: "named", text };
}

/** Remedy where the fields show more of the cause than the check says. */
function remedySeenIn(code: AAuthErrorCode, { headers }: MessageToExplain): string | undefined {
  const [input = "", signature = ""] = ["signature-input", "signature"].map((name) =>
    fieldValue(headers, name),
  );
  if (code === "missing_component" && input.includes('"@status"'))
    return "Cover components of a request: @status is of a response.";
  if (code === "created_out_of_window" && /;created=\d{13}(?:;|$)/.test(input))
    return "Send created in seconds: it is in milliseconds.";
  if (code !== "malformed_signature") return undefined;
  const form = SIGNATURE_FORMS.find(([pattern]) => pattern.test(signature))?.[1];
  return (
    form && `Write Signature as label=:base64:, the bytes as RFC 9421 section 3.3 has them: it is in ${form}.`
  );
}

const SIGNATURE_FORMS: readonly (readonly [RegExp, string])[] = [
  [/=:[\w-]*[-_][\w-]*=*:/, "base64url"],
  [/=:[0-9a-fA-F]{128,}:/, "hexadecimal"],
  // SEQUENCE of 68 to 72 bytes, then INTEGER.
  [/=:ME[QRSTUVWXYZ]C[\w+/]{88,96}=*:/, "DER"],
];

const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const EDIT_REMEDIES: Readonly<Record<Edit["part"], string>> = {
  method: "Sign the method that is sent, and let no proxy change it.",
  scheme:
    "Configure the receiver with the scheme of its public address, which a proxy that ends TLS hides from it.",
  host: "Configure the receiver with its public host, and let the agent sign for the address that it calls.",
  port: "Configure the receiver with its public port; the default port of the scheme is left out on both sides.",
  path: "Let the proxy pass the path on as it came, and sign the bytes of the request line.",
  query: "Let the proxy pass the query on as it came, and sign the bytes of the request line.",
  digest: "Let no proxy write Content-Digest, and compute it before signing.",
  field: "Let the proxy pass this field on as it came, or do not sign it.",
  components: "Write the list in Signature-Input from the components that are signed, in their order.",
  parameters: "Sign the parameters as they are sent: @signature-params is the string in Signature-Input.",
  base: "Build the base as in RFC 9421 section 2.5: one line for each component, LF between lines, none at the end.",
  key: "Sign with the key that the message names, or name the one that signs.",
};

async function unknownText({ headers, body }: MessageToExplain): Promise<string> {
  const digest = fieldValue(headers, "content-digest");
  // A record may lack the body.
  const isOther = digest !== undefined && body !== undefined && !(await hasDigest(digest, body));
  const more = isOther ? " Its body is not the one that Content-Digest names, either." : "";
  return `No single change that was tried makes the signature verify, so what was signed instead cannot be known from this message.${more} Compare the signature base of the receiver with that of the signer, line by line, and their keys.`;
}

async function digestRemedy({ headers, body = new Uint8Array() }: MessageToExplain): Promise<Remedy> {
  const digest = fieldValue(headers, "content-digest") ?? "";
  for (const [bytes, what] of body.length > MAX_VARIED_BYTES ? [] : bodyVariants(body))
    if (await hasDigest(digest, bytes))
      return {
        state: "named",
        text: `The digest is that of the body ${what}. Sign and send the same bytes, and let no proxy change them.`,
      };
  return {
    state: "named",
    text: "The body is not the one that Content-Digest names: it was changed after the digest was made, or the digest is of other bytes. Compute it from the bytes that are sent.",
  };
}

const MAX_VARIED_BYTES = 1_000_000;
/** Indentation takes quadratic space in the depth. */
const MAX_JSON_CHARACTERS = 16_384;

/** The body as it was before what programs like to do with it. */
function bodyVariants(body: Uint8Array): [Uint8Array, string][] {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);
  const variants: [string, string][] = [
    [text.replace(/^\ufeff/, ""), "without the byte order mark that it begins with"],
    [text.replace(/\r?\n$/, ""), "without the line end that it has at its end"],
    [`${text}\n`, "with a line end at its end"],
    [text.replaceAll("\r\n", "\n"), "with LF for its CRLF"],
    [text.replace(/\r?\n/g, "\r\n"), "with CRLF for its LF"],
    [text.trim(), "without the space around it"],
    ["", "before there was one: it is empty"],
  ];
  if (text.length <= MAX_JSON_CHARACTERS) variants.push(...jsonVariants(text));
  return variants.map(([variant, what]) => [new TextEncoder().encode(variant), what]);
}

function jsonVariants(text: string): [string, string][] {
  try {
    const value: unknown = JSON.parse(text);
    return [
      [JSON.stringify(value), "as JSON without spaces"],
      [JSON.stringify(value, null, 2), "as JSON with indentation"],
    ];
  } catch {
    return [];
  }
}

const hasDigest = (digest: string, body: Uint8Array): Promise<boolean> =>
  verifyContentDigest(digest, body).then(
    () => true,
    () => false,
  );

/** Remedies by the code of the check that failed. */
export const REMEDIES: Readonly<Partial<Record<AAuthErrorCode, string>>> = {
  missing_signature:
    "Sign the request, and let proxies pass on Signature-Key, Signature-Input and Signature: one of them did not arrive.",
  malformed_signature_key: "Write Signature-Key by the grammar of the profile.",
  unsupported_scheme: "Use a scheme that this endpoint accepts.",
  profile_not_accepted: "Sign in a dialect that the route accepts.",
  unsupported_key: "Sign with a public key of an accepted type, without private members.",
  key_algorithm_not_allowed: "Name the algorithm that the key is for.",
  malformed_signature_input: "Write Signature-Input by RFC 9421 section 4.1, each component once.",
  malformed_signature:
    "Write Signature as label=:base64:, with all of its bytes: 64 of Ed25519 and of ES256 (r and s, not DER).",
  label_mismatch: "Use one label in all signature fields, and let no proxy add another signature.",
  insufficient_coverage: "Cover the component, too.",
  missing_component: "Send the field that is signed: it was dropped on the way, or never sent.",
  created_missing: "Send created, in Unix seconds.",
  created_out_of_window: "Set the clocks right, and sign when sending: a signature is valid for a minute.",
  signature_expired: "Sign again, or with a later expires.",
  nonce_required: "Send a new Nonce, and cover it.",
  malformed_nonce: "Send a Nonce of base64url, 12 bytes or more.",
  nonce_replayed: "Make a new Nonce for each request; a retry is signed again.",
  signature_replayed: "Sign each request again, a retry too.",
  digest_missing: "Send Content-Digest, and cover it.",
  malformed_digest: "Write Content-Digest as sha-256=:base64:.",
  unknown_authority: "Configure the receiver with the authority that it is called at.",
  header_too_large: "Shorten the field.",
  discovery_blocked: "Publish documents at a public https address without redirects.",
  discovery_failed: "Let the receiver reach the documents of the agent or issuer.",
  metadata_mismatch: "Let the document name the identifier that it is published under.",
  unknown_key: "Publish the key under the kid that the message names.",
  untrusted_agent: "Add the agent to those that the receiver trusts.",
  malformed_token: "Send the token as its issuer made it.",
  token_type_mismatch: "Present a token of the required type.",
  untrusted_issuer: "Add the issuer to those that the receiver trusts, or present another issuer's token.",
  token_audience_mismatch: "Request a token for this receiver.",
  token_expired: "Request a new token.",
  token_not_yet_valid: "Set the clocks of issuer and receiver right.",
  token_revoked: "Request a new token; its issuer decides.",
  token_claim_missing: "Let the issuer add the claim.",
  invalid_token_signature: "Publish the issuer's key, and send the token as its issuer made it.",
  identity_required: "Sign with a scheme that names the agent.",
  person_required: "Present a person token.",
  authorization_required: "Present an auth token: follow the challenge in the answer.",
  insufficient_scope: "Request an auth token with the scope.",
  user_required: "Request an auth token for a user.",
  limit_reached: "Wait, and call less often.",
};
