import { draft11, type WireProfile } from "aauth";
import { february2026 } from "aauth/february-2026";
import { PROFILES } from "agent-kit/service";

/** Name of a wire profile in settings and checks. */
export type ProfileName = (typeof PROFILES)[number];

export const WIRE_PROFILES: Readonly<Record<ProfileName, WireProfile>> = {
  "february-2026": february2026,
  "draft-11": draft11,
};

/** The known profiles among these names, oldest first. */
export const knownProfiles = (names: readonly string[]): ProfileName[] =>
  PROFILES.filter((name) => names.includes(name));
