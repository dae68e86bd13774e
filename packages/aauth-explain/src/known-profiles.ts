import { draft11, type WireProfile } from "aauth";
import { february2026 } from "aauth/february-2026";
import type { KnownProfiles } from "./message.ts";

const PROFILES: Readonly<Record<string, WireProfile>> = {
  "draft-11": draft11,
  "february-2026": february2026,
};

/** The wire profiles of this project; today's comes first. */
export const KNOWN_PROFILES = Object.values(PROFILES) as unknown as KnownProfiles;
