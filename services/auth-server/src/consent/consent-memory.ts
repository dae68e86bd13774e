import { hash } from "node:crypto";
import type { RecordStore } from "aauth";
import { MAX_PARAMETER_LENGTH, scopesIn } from "issuer-kit";
import type { ConsentRequest } from "../grants.ts";
import type { BrowserSession } from "./read-session.ts";

/** The parties of a consent: a user, and one agent (and delegate) at one resource. */
export type ConsentParties = Pick<ConsentRequest, "agent" | "agentDelegate" | "resource"> & {
  readonly subject: string;
};

/**
 * A scope that the user agreed to in one browser session. Agreeing to another one later does not
 * prolong it.
 */
export interface AgreedScope {
  readonly sessionId: string;
  readonly scope: string;
  /** Unix seconds. */
  readonly until: number;
}

/**
 * The scopes that a user has agreed to: not asked about again in that browser session, forgotten
 * when it ends, on revocation, and after the lifetime of the refresh token that came with them.
 * They must not be remembered longer: an expired refresh token cannot be revoked, and the consent
 * would then bring the next token without asking the user.
 */
export interface ConsentMemory {
  /** How long a consent given now is remembered. */
  lifetimeSeconds(): number;
  covers(session: BrowserSession, request: ConsentRequest): Promise<boolean>;
  remember(session: BrowserSession, request: ConsentRequest): Promise<void>;
  /** Forgets it in every session of this user. */
  forget(parties: ConsentParties): Promise<void>;
}

/**
 * Scopes remembered for the parties of a consent: those of four of the longest requests; the oldest
 * are asked about again.
 */
const MAX_CHARACTERS = 4 * MAX_PARAMETER_LENGTH;
/** As many as fit into the longest request. */
const MAX_SCOPES = MAX_PARAMETER_LENGTH / 2;

export function createConsentMemory(
  store: RecordStore<readonly AgreedScope[]>,
  options: {
    /** Asked at each consent, because policy may change. */
    lifetimeSeconds: () => number;
    /** Unix seconds. */
    now: () => number;
  },
): ConsentMemory {
  const { lifetimeSeconds, now } = options;
  // JSON keeps the parts apart, whatever they contain.
  const key = ({ subject, agent, agentDelegate, resource }: ConsentParties) =>
    hash("sha256", JSON.stringify([subject, agent, agentDelegate ?? null, resource]), "base64url");
  const keyOf = (session: BrowserSession, request: ConsentRequest) =>
    key({ ...request, subject: session.user.id });
  /** Newest first. */
  const current = (agreed: readonly AgreedScope[] = []) => agreed.filter(({ until }) => now() < until);
  return {
    lifetimeSeconds,
    async covers(session, request) {
      const agreed = current(await store.get(keyOf(session, request)));
      const scopes = new Set(
        agreed.flatMap(({ sessionId, scope }) => (sessionId === session.id ? scope : [])),
      );
      return scopesIn(request.scope).every((scope) => scopes.has(scope));
    },
    async remember(session, request) {
      const until = now() + lifetimeSeconds();
      const added = new Set(scopesIn(request.scope));
      await store.update(keyOf(session, request), (before) => {
        const value = bounded([
          ...[...added].map((scope) => ({ sessionId: session.id, scope, until })),
          ...current(before).filter(({ sessionId, scope }) => sessionId !== session.id || !added.has(scope)),
        ]);
        // An earlier policy may have given more time.
        const last = Math.max(...value.map((agreed) => agreed.until));
        return { value, owner: session.user.id, ttlSeconds: last - now() };
      });
    },
    forget: async (parties) => store.delete(key(parties)),
  };
}

function bounded(agreed: readonly AgreedScope[]): AgreedScope[] {
  let characters = 0;
  return agreed.slice(0, MAX_SCOPES).filter(({ scope }) => {
    characters += scope.length;
    return characters <= MAX_CHARACTERS;
  });
}
