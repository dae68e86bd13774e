/**
 * The dialect of those who are not given another: draft -11, no more of it than each of them asks.
 *
 * @module
 */

export { agentProfile as defaultAgentProfile } from "./draft-11/agent-profile.ts";
export { resourceProfile as defaultResourceProfile } from "./draft-11/resource-profile.ts";
export { signingProfile as defaultSigningProfile } from "./draft-11/signing.ts";
