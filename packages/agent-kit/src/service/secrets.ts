import { hash, randomBytes } from "node:crypto";

const SECRET_BYTES = 32;

/** Creates a secret of 256 random bits, base64url, for a code, a state or a session. */
export const newSecret = (): string => randomBytes(SECRET_BYTES).toString("base64url");

/** SHA-256 of a secret, base64url, for stores whose readers must not obtain the secret. */
export const digestOf = (secret: string): string => hash("sha256", secret, "base64url");
