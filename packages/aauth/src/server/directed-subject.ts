import { encodeBase64Url } from "../base64.ts";

/** The length of the HMAC. */
const MIN_SECRET_BYTES = 32;

/**
 * Creates a function that derives pairwise subject identifiers (draft -11, sections 9.4.1 and
 * 14.1): constant for a person at a resource, different at each resource, and not linkable without
 * the secret.
 *
 * @param secret at least 32 random bytes. Changing it changes the identifier of every person at
 * every resource
 * @throws TypeError for a shorter secret
 */
export function createDirectedSubjects(
  secret: Uint8Array<ArrayBuffer>,
): (person: string, resource: string) => Promise<string> {
  if (!(secret?.byteLength >= MIN_SECRET_BYTES)) {
    throw new TypeError(`subjectSecret must have at least ${MIN_SECRET_BYTES} bytes`);
  }
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  return async (person, resource) => {
    // hole T18: new TextEncoder().encode(JSON.stringify([person]))
    const data = new TextEncoder().encode(JSON.stringify([resource, person]));
    return encodeBase64Url(new Uint8Array(await crypto.subtle.sign("HMAC", await key, data)));
  };
}
