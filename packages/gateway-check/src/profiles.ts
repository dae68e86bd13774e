import { PROFILES, type ProfileName } from "agent-kit/settings";
import type { CheckedProfile } from "./checked-profile.ts";
import { draft11 } from "./draft-11.ts";
import { february2026 } from "./february-2026/checked-profile.ts";

export const CHECKED_PROFILES: Readonly<Record<ProfileName, CheckedProfile>> = {
  "february-2026": february2026,
  "draft-11": draft11,
};

/** The known profiles among these names, oldest first. */
export const knownProfiles = (names: readonly string[]): ProfileName[] =>
  PROFILES.filter((name) => names.includes(name));
