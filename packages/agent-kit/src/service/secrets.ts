import { hash, randomBytes } from "node:crypto";

const SECRET_BYTES = 32;

/** Makes a secret of 256 random bits, base64url: a code, a state, a session. */
export const newSecret = (): string => randomBytes(SECRET_BYTES).toString("base64url");

/** SHA-256 of a secret, base64url: a reader of a store that keeps it cannot use the secret. */
export const digestOf = (secret: string): string => hash("sha256", secret, "base64url");
