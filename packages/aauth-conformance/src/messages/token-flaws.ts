/**
 * Flaws of tokens. Each changes the plan of a valid token.
 *
 * @module
 */

import { thumbprint } from "../judge/keys.ts";
import type { PartyName, World } from "../peers/world.ts";
import type { TokenPlan } from "./plan.ts";

export type Flaw = (token: TokenPlan, world: World) => unknown;
export type Members = Readonly<Record<string, unknown>>;

/** Sets claims; undefined removes one. */
export const claims =
  (members: Members | ((world: World, own: Members) => Members)): Flaw =>
  (token, world) =>
    Object.assign(token.claims, typeof members === "function" ? members(world, token.claims) : members);

/** Sets members of the header; undefined removes one. */
export const header =
  (members: Members): Flaw =>
  (token) =>
    Object.assign(token.header, members);

/** Another party issues and signs it. */
export const issuedBy =
  (name: PartyName, dwk?: string): Flaw =>
  (token, { parties }) => {
    const { id: iss, key } = parties[name];
    token.key = key;
    Object.assign(token.header, { kid: key.kid });
    Object.assign(token.claims, { iss, ...(dwk !== undefined && { dwk }) });
  };

export const forged: Flaw = (token, { unknownKey }) => {
  token.key = unknownKey;
};

/** Life of five minutes that ends in so many seconds. */
export const endingIn = (seconds: number): Flaw =>
  claims(({ now }) => ({ iat: now() + seconds - 300, exp: now() + seconds }));
export const expired = endingIn(-5);
export const early = endingIn(900);
export const longLived = claims(({ now }) => ({ exp: now() + 7200 }));

export const without = (name: string): Flaw => claims({ [name]: undefined });
export const forAnother = claims(({ parties }) => ({ aud: parties["resource-other"].id }));
export const anotherKey = claims(({ unknownKey }) => ({ cnf: { jwk: unknownKey.publicJwk } }));
export const anotherJkt = claims(({ unknownKey }) => ({ agent_jkt: thumbprint(unknownKey.publicJwk) }));
export const anotherServer = claims(({ parties }) => ({ ps: parties["ps-other"].id }));
export const anotherPerson = claims({ sub: "another person" });
