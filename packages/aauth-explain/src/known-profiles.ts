import { draft11 } from "aauth";
import { february2026 } from "aauth/february-2026";
import type { KnownProfiles } from "./message.ts";

/** The wire profiles of this project; today's comes first. */
export const KNOWN_PROFILES: KnownProfiles = [draft11, february2026];
