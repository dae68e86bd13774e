import { encodeBase64Url } from "../base64.ts";

/** Bytes: as long as what the function gives. */
const MIN_SECRET_BYTES = 32;

/**
 * Makes the names by which resources know persons (draft -11, sections 9.4.1 and 14.1): the same
 * for one person at one resource whatever agent or key asks, another at each resource, and without
 * the secret nothing that leads from one to the other.
 *
 * @param secret at least 32 random bytes. With another one every resource meets every person for
 * the first time.
 * @throws TypeError for a secret that is shorter
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
    const data = new TextEncoder().encode(JSON.stringify([resource, person])); // hole T18
    return encodeBase64Url(new Uint8Array(await crypto.subtle.sign("HMAC", await key, data)));
  };
}
