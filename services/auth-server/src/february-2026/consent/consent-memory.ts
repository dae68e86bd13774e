import { hash } from "node:crypto";
import type { RecordStore } from "aauth";
import { MAX_PARAMETER_LENGTH, scopesIn } from "issuer-kit";
import type { BrowserSession } from "../../oidc/read-session.ts";
import type { ConsentRequest } from "../grants.ts";

/** The parties of a consent: a user, and one agent (and delegate) at one resource. */
export type ConsentParties = Pick<ConsentRequest, "agent" | "agentDelegate" | "resource"> & {
  readonly subject: string;
};

/**
 * A scope that the user agreed to in one browser session. Agreeing to another scope later does not
 * extend it.
 */
export interface AgreedScope {
  readonly sessionId: string;
  readonly scope: string;
  /** Unix seconds. */
  readonly until: number;
}

/**
 * The scopes that a user has agreed to. The user is not asked about them again until the browser
 * session ends, they are revoked, or the refresh token issued with them expires. They must not be
 * remembered longer: an expired refresh token cannot be revoked, and the consent would yield the
 * next token without asking the user.
 */
export interface ConsentMemory {
  /** Seconds a consent given now is remembered. */
  lifetimeSeconds(): number;
  covers(session: BrowserSession, request: ConsentRequest): Promise<boolean>;
  remember(session: BrowserSession, request: ConsentRequest): Promise<void>;
  /** Forgets the consent in every session of this user. */
  forget(parties: ConsentParties): Promise<void>;
}

/**
 * Limit on the scopes remembered per consent: those of four requests of maximum length. The user is
 * asked about the oldest again.
 */
const MAX_CHARACTERS = 4 * MAX_PARAMETER_LENGTH;
/** As many as fit into a request of maximum length. */
const MAX_SCOPES = MAX_PARAMETER_LENGTH / 2;

export function createConsentMemory(
  store: RecordStore<readonly AgreedScope[]>,
  options: {
    /** Called for each consent, because policy may change. */
    lifetimeSeconds: () => number;
    /** Unix seconds. */
    now: () => number;
  },
): ConsentMemory {
  const { lifetimeSeconds, now } = options;
  // JSON separates the parts unambiguously.
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
        // An earlier policy may have allowed more time.
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
