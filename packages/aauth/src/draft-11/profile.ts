/**
 * The dialect of draft -11 (draft-hardt-oauth-aauth-protocol-11, September 2026).
 *
 * @module
 */

import type { AgentProfile, WireProfile } from "../profile/wire-profile.ts";
import { agentProfile } from "./agent-profile.ts";
import { display } from "./display.ts";
import type { documents } from "./documents.ts";
import type { Draft11Level } from "./names.ts";
import { resourceProfile } from "./resource-profile.ts";

/** The dialect of draft -11. */
export const draft11: WireProfile<Draft11Level> & AgentProfile & { readonly documents: typeof documents } = {
  ...agentProfile,
  ...resourceProfile,
  display,
};
