/**
 * The half of draft -11 that agents use.
 *
 * @module
 */

import type { AgentProfile } from "../profile/wire-profile.ts";
import { calls } from "./calls.ts";
import { documents } from "./documents.ts";
import { NAME } from "./names.ts";
import { sectionOf } from "./sections.ts";
import { signingRules } from "./signing.ts";
import { tokenRequests } from "./token-requests.ts";

export const agentProfile: AgentProfile = {
  name: NAME,
  documents,
  messages: signingRules,
  sectionOf,
  calls,
  tokenRequests,
};
