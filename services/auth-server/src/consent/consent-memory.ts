import { hash } from "node:crypto";
import type { KeyValueStore } from "aauth";
import type { ConsentRequest } from "../grants.ts";
import { MAX_TEXT_LENGTH } from "../kept-text.ts";
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

export interface RememberedConsents {
  /** Whose they are. */
  readonly subject: string;
  readonly sessions: readonly SessionConsent[];
}

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

/** Text of scopes that is remembered for one of them, four requests' at least; beyond it the oldest scopes are asked again. */
const MAX_SCOPE_CHARACTERS = 4 * MAX_TEXT_LENGTH;

export function createConsentMemory(
  store: Pick<KeyValueStore<RememberedConsents>, "get" | "put" | "delete">,
  /** Asked at each consent, because policy may change. */
  options: { lifetimeSeconds: () => number },
): ConsentMemory {
  // JSON keeps the parts apart whatever is in them.
  const key = ({ subject, agent, agentDelegate, resource }: ConsentParties) =>
    hash("sha256", JSON.stringify([subject, agent, agentDelegate ?? null, resource]), "base64url");
  const keyOf = (session: BrowserSession, request: ConsentRequest) =>
    key({ ...request, subject: session.user.id });
  const sessionsFor = async (session: BrowserSession, request: ConsentRequest) =>
    (await store.get(keyOf(session, request)))?.sessions ?? [];
  const scopesIn = (sessions: readonly SessionConsent[], session: BrowserSession) =>
    sessions.find(({ sessionId }) => sessionId === session.id)?.scopes ?? [];
  return {
    lifetimeSeconds: options.lifetimeSeconds,
    async covers(session, request) {
      const scopes = scopesIn(await sessionsFor(session, request), session);
      return scopeWords(request.scope).every((scope) => scopes.includes(scope));
    },
    async remember(session, request) {
      const sessions = await sessionsFor(session, request);
      const scopes = bounded([...new Set([...scopeWords(request.scope), ...scopesIn(sessions, session)])]);
      const others = sessions.filter(({ sessionId }) => sessionId !== session.id);
      const kept = [{ sessionId: session.id, scopes }, ...others].slice(0, MAX_SESSIONS);
      const consents = { subject: session.user.id, sessions: kept };
      await store.put(keyOf(session, request), consents, options.lifetimeSeconds());
    },
    forget: async (parties) => {
      await store.delete(key(parties));
    },
  };
}

function bounded(scopes: readonly string[]): string[] {
  let characters = 0;
  return scopes.filter((scope) => {
    characters += scope.length;
    return characters <= MAX_SCOPE_CHARACTERS;
  });
}
