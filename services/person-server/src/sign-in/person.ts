import { hash } from "node:crypto";
import { displayText } from "agent-kit/service";

/** A person who has signed in at the OpenID provider. */
export interface Person {
  /**
   * Made of issuer and subject together; stays the same across restarts. 43 characters of
   * base64url.
   */
  readonly id: string;
  /** `iss` of the ID token. */
  readonly issuer: string;
  /** `sub` of the ID token. */
  readonly subject: string;
  /** Shown on pages: one line, safe to display once escaped. Several persons may share one. */
  readonly name: string;
  /** The name claim as the provider has sent it. */
  readonly claimedName?: string | undefined;
  /**
   * Values that an agent's `login_hint` may have for the person: subject, name, user name, and the
   * e-mail address where the provider calls it verified.
   */
  readonly loginHints: readonly string[];
}

/** Claims of a verified ID token. */
export type IdTokenClaims = Readonly<Record<string, unknown>> & {
  readonly iss: string;
  readonly sub: string;
};

/** OpenID Connect Core, section 2: at most 255 ASCII characters. */
const SUBJECT = /^[\x20-\x7e]{1,255}$/;

/**
 * The person that an ID token names.
 *
 * @param nameClaim claim that is shown as the name; without it the subject is shown
 * @returns undefined for a subject that OpenID Connect does not allow
 */
export function personOf(claims: IdTokenClaims, nameClaim: string): Person | undefined {
  const { iss: issuer, sub: subject } = claims;
  if (!SUBJECT.test(subject)) return undefined;
  const named = textOf(claims[nameClaim]);
  const email = claims.email_verified === true ? textOf(claims.email) : undefined; // hole U16
  const hints = [subject, named, textOf(claims.preferred_username), email];
  return {
    id: personId(issuer, subject),
    issuer,
    subject,
    name: displayText(named) ?? subject,
    claimedName: named,
    loginHints: [...new Set(hints.filter((hint) => hint !== undefined))],
  };
}

function personId(issuer: string, subject: string): string {
  return hash("sha256", JSON.stringify([issuer, subject]), "base64url"); // hole U7
}

function textOf(claim: unknown): string | undefined {
  return typeof claim === "string" && claim !== "" ? claim : undefined;
}
