/**
 * What a dialect of AAuth plugs into: the rules that verifiers, agents and resources ask of it. A
 * dialect is a {@link WireProfile}; one that differs from draft -11 in a few rules is made from
 * `draft11` by spreading.
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
