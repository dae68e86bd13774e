/**
 * The dialect of draft -11 (draft-hardt-oauth-aauth-protocol-11, September 2026).
 *
 * @module
 */

import type { WireProfile } from "../profile/wire-profile.ts";
import { agentProfile } from "./agent-profile.ts";
import { display } from "./display.ts";
import type { documents } from "./documents.ts";
import { resourceProfile } from "./resource-profile.ts";

/** The dialect of draft -11. */
export const draft11: WireProfile & { readonly documents: typeof documents } = {
  ...agentProfile,
  ...resourceProfile,
  display,
};
