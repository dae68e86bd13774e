/**
 * The auth tokens that an access server has issued, and their revocation (draft -11, section
 * 11.12).
 *
 * @module
 */

import type { AuthTokenClaims } from "../draft-11/claims.ts";
import { Limit } from "../store/limit.ts";
import { ownerOf } from "../store/owner-of.ts";
import type { RecordStore } from "../store/record-store.ts";
import { scopesOf } from "../tokens/scopes.ts";
import { Deliveries } from "./deliveries.ts";
import { IssuedTokens, type RevocableToken, type TokenName, tooManyTokens } from "./issued-tokens.ts";
import type { ServerParts } from "./server-types.ts";
import { keyOf } from "./stores.ts";
import type { AgentIdentity, IssuedTokenRecord } from "./types.ts";

/**
 * Auth tokens that are valid at the same time: of one agent, and of all agents together, which
 * owners of agent providers share.
 */
const MAX_OF_AGENT = 2_500;
const MAX_ISSUED = 25_000;

/** An auth token that was issued here. Plain data. */
export type AccessTokenRecord = Omit<IssuedTokenRecord, "isRevoked" | "unconfirmed"> & RevocableToken;

/** Tokens are charged to their resource, which is configured. */
const ownerOfResource = (resource: string) => keyOf("resource", resource);

export class AccessRecords {
  readonly tokens: IssuedTokens<AccessTokenRecord>;
  readonly deliveries: Deliveries<AccessTokenRecord>;
  readonly #ofAgents: Limit;

  constructor(parts: ServerParts, store: RecordStore<unknown>) {
    const { now } = parts;
    this.tokens = new IssuedTokens(store, now, ({ resource }) => ownerOfResource(resource));
    this.deliveries = new Deliveries(parts, this.tokens, ({ resource: recipient }) => [
      { kind: "resource", recipient },
    ]);
    this.#ofAgents = new Limit({
      ...{ now, maxPerMember: MAX_OF_AGENT, maxPerOwner: MAX_ISSUED, maxEntries: MAX_ISSUED },
    });
  }

  /**
   * Keeps a token that is about to be given out, and the token that it was issued on.
   *
   * @throws Problem 429 where the agent has too many
   * @throws StoreFullError
   */
  async add(claims: AuthTokenClaims, agent: AgentIdentity, on: TokenName): Promise<void> {
    const { iss, jti, exp, aud: resource, ps: personServer, sub: subject, scope, account } = claims;
    const member = keyOf(agent.iss, agent.sub);
    if (!this.#ofAgents.admits(ownerOf(agent.iss), jti, this.tokens.ttlOf(exp), member))
      throw tooManyTokens();
    const token = {
      type: "auth-token",
      iss,
      jti,
      exp,
      agent,
      personServer,
      subject,
      resource,
      account,
    } as const;
    await this.tokens.add({ ...token, scopes: scopesOf(scope) }, [on], keyOf("on", resource));
  }

  /**
   * Tokens of a resource that have not expired. Repeats their revocations that have not been
   * confirmed.
   */
  async ofResource(resource: string): Promise<readonly AccessTokenRecord[]> {
    const issued = await this.tokens.list(ownerOfResource(resource));
    this.deliveries.resume(issued);
    return issued;
  }
}
