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

/** Maximum valid auth tokens of one agent, and of all agents of an owner of agent providers. */
const MAX_OF_AGENT = 2_500;
const MAX_ISSUED = 25_000;

/** A record of an issued auth token. Plain data. */
export type AccessTokenRecord = Omit<IssuedTokenRecord, "isRevoked" | "unconfirmed"> & RevocableToken;

/** Owner of tokens: their resource, which is configured. */
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
      now,
      maxPerMember: MAX_OF_AGENT,
      maxPerOwner: MAX_ISSUED,
      maxEntries: MAX_ISSUED,
    });
  }

  /**
   * Records a token before it is issued, and the token from which it derives.
   *
   * @throws Problem 429 if the agent has too many tokens
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

  /** Valid tokens of a resource. Retries their unconfirmed revocations. */
  async ofResource(resource: string): Promise<readonly AccessTokenRecord[]> {
    const issued = await this.tokens.list(ownerOfResource(resource));
    this.deliveries.resume(issued);
    return issued;
  }
}
