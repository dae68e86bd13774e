/**
 * The default dialect, draft -11, in the parts that agents, resources and signers need.
 *
 * @module
 */

export { agentProfile as defaultAgentProfile } from "./draft-11/agent-profile.ts";
export { resourceProfile as defaultResourceProfile } from "./draft-11/resource-profile.ts";
export { signingProfile as defaultSigningProfile } from "./draft-11/signing.ts";
