/**
 * The half of draft -11 that agents ask.
 *
 * @module
 */

import type { AgentProfile } from "../profile/wire-profile.ts";
import { calls } from "./calls.ts";
import { documents } from "./documents.ts";
import { grants } from "./grants.ts";
import { NAME } from "./names.ts";
import { signingRules } from "./signing.ts";

export const agentProfile: AgentProfile = { name: NAME, documents, messages: signingRules, calls, grants };
