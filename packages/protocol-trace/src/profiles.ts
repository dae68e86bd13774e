import { draft11 as draft11Wire, type WireProfile } from "aauth";
import { parseRequirement } from "aauth/wire";
import { february2026 } from "./february-2026/traced-profile.ts";

/** A wire profile whose messages are recorded. */
export interface TracedProfile {
  readonly wire: WireProfile;
  /** Response field with the requirement of a challenge. */
  readonly challengeField: string;
  /** @throws AAuthError malformed_challenge */
  parseChallenge(value: string): Omit<ChallengeRequirement, "field">;
  /** Type of the auth tokens that have names of their own in the published walk-through. */
  readonly publishedAuthToken?: string;
}

/** The requirement of a challenge. */
export interface ChallengeRequirement {
  /** Response field that contains it. */
  readonly field: string;
  readonly level: string;
  readonly authServer?: string | undefined;
  readonly resourceToken?: string | undefined;
  /** Page on which a person can act. */
  readonly userInteraction?: string | undefined;
}

const draft11: TracedProfile = {
  wire: draft11Wire,
  challengeField: "AAuth-Requirement",
  parseChallenge(value) {
    const { requirement: level, resourceToken } = parseRequirement(value);
    return { level, resourceToken };
  },
};

export const TRACED_PROFILES: readonly TracedProfile[] = [february2026, draft11];

/**
 * Reads the requirement of a challenge in any profile; undefined for headers without one.
 *
 * @param headers lower-case names
 * @throws AAuthError malformed_challenge
 */
export function readChallenge(headers: Readonly<Record<string, string>>): ChallengeRequirement | undefined {
  for (const { challengeField: field, parseChallenge } of TRACED_PROFILES) {
    const value = headers[field.toLowerCase()];
    if (value !== undefined) return { field, ...parseChallenge(value) };
  }
  return undefined;
}
