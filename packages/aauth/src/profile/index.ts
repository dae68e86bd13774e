/**
 * The extension point for dialects of AAuth: the rules that verifiers, agents and resources use. A
 * dialect is a {@link WireProfile}. One that differs from draft -11 in a few rules spreads
 * `draft11`.
 *
 * @module
 */

export { draft11 } from "../draft-11/profile.ts";
export type * from "./answers.ts";
export type * from "./calls.ts";
export type * from "./display.ts";
export type * from "./messages.ts";
export { formatRefusal, parseRefusal, REFUSAL_FIELD, refusalOf, withRefusal } from "./refusal.ts";
export type * from "./resource-rules.ts";
export type * from "./token-requests.ts";
export type * from "./verification.ts";
export type * from "./waiting.ts";
export type * from "./wire-profile.ts";
