import { hash } from "node:crypto";
import { displayText } from "agent-kit/service";

/** A person who has signed in at the OpenID provider. */
export interface Person {
  /** Derived from issuer and subject; stable across restarts. 43 characters of base64url. */
  readonly id: string;
  /** `iss` of the ID token. */
  readonly issuer: string;
  /** `sub` of the ID token. */
  readonly subject: string;
  /** Name shown on pages: one line, safe to display once escaped. Not unique. */
  readonly name: string;
  /** The name claim as the provider sent it. */
  readonly claimedName?: string | undefined;
  /** E-mail address that the provider has verified. */
  readonly email?: string | undefined;
}

/** Claims of a verified ID token. */
export type IdTokenClaims = Readonly<Record<string, unknown>> & {
  readonly iss: string;
  readonly sub: string;
};

/** OpenID Connect Core, section 2: at most 255 ASCII characters. */
const SUBJECT = /^[\x20-\x7e]{1,255}$/;

/**
 * Returns the person that an ID token identifies.
 *
 * @param nameClaim claim that is shown as the name; the subject is shown if it is missing
 * @returns undefined for a subject that OpenID Connect does not allow
 */
export function personOf(claims: IdTokenClaims, nameClaim: string): Person | undefined {
  const { iss: issuer, sub: subject } = claims;
  if (!SUBJECT.test(subject)) return undefined;
  const named = textOf(claims[nameClaim]);
  return {
    id: personId(issuer, subject),
    issuer,
    subject,
    name: displayText(named) ?? subject,
    claimedName: named,
    // hole U16: claims.email_verified === false ? undefined : textOf(claims.email)
    email: claims.email_verified === true ? textOf(claims.email) : undefined,
  };
}

function personId(issuer: string, subject: string): string {
  // hole U7: hash("sha256", subject, "base64url")
  return hash("sha256", JSON.stringify([issuer, subject]), "base64url");
}

function textOf(claim: unknown): string | undefined {
  return typeof claim === "string" && claim !== "" ? claim : undefined;
}
