import { hash } from "node:crypto";
import type { KeyValueStore } from "aauth";
import type { ConsentRequest } from "../grants.ts";
import { scopeWords } from "../request-types/request-type.ts";
import type { BrowserSession } from "./read-session.ts";

/** What consents are remembered by: a user's, to one agent (and delegate) at one resource. */
export type ConsentParties = Pick<ConsentRequest, "agent" | "agentDelegate" | "resource"> & {
  readonly subject: string;
};

/** The consents given in one browser session. */
interface SessionConsent {
  readonly sessionId: string;
  readonly scopes: readonly string[];
}

export type RememberedConsents = readonly SessionConsent[];

/**
 * What a person has agreed to since signing in: not asked again in that browser session, forgotten when it ends, on revocation, and
 * after the lifetime of the refresh token that came with it. Longer it must not be remembered: a refresh token that has expired is
 * nothing to revoke by, and the consent would then bring the next token without anybody being asked.
 */
export interface ConsentMemory {
  /** How long a consent given now is remembered. */
  lifetimeSeconds(): number;
  covers(session: BrowserSession, request: ConsentRequest): Promise<boolean>;
  remember(session: BrowserSession, request: ConsentRequest): Promise<void>;
  /** Forgets it in every session of this user. */
  forget(parties: ConsentParties): Promise<void>;
}

/** Browser sessions of one user that are remembered per agent and resource; beyond it the oldest is asked again. */
const MAX_SESSIONS = 20;

export function createConsentMemory(
  store: KeyValueStore<RememberedConsents>,
  /** Asked at each consent, because policy may change. */
  options: { lifetimeSeconds: () => number },
): ConsentMemory {
  // JSON keeps the parts apart whatever is in them.
  const key = ({ subject, agent, agentDelegate, resource }: ConsentParties) =>
    hash("sha256", JSON.stringify([subject, agent, agentDelegate ?? null, resource]), "base64url");
  const keyOf = (session: BrowserSession, request: ConsentRequest) =>
    key({ ...request, subject: session.user.id });
  const scopesIn = (consents: RememberedConsents, session: BrowserSession) =>
    consents.find(({ sessionId }) => sessionId === session.id)?.scopes ?? [];
  return {
    lifetimeSeconds: options.lifetimeSeconds,
    async covers(session, request) {
      const scopes = scopesIn((await store.get(keyOf(session, request))) ?? [], session);
      return scopeWords(request.scope).every((scope) => scopes.includes(scope));
    },
    async remember(session, request) {
      const consents = (await store.get(keyOf(session, request))) ?? [];
      const scopes = [...new Set([...scopesIn(consents, session), ...scopeWords(request.scope)])];
      const others = consents.filter(({ sessionId }) => sessionId !== session.id);
      const kept = [{ sessionId: session.id, scopes }, ...others].slice(0, MAX_SESSIONS);
      await store.put(keyOf(session, request), kept, options.lifetimeSeconds());
    },
    forget: async (parties) => {
      await store.delete(key(parties));
    },
  };
}
