import { hash } from "node:crypto";
import type { ConsentRequest } from "../grants.ts";
import { MAX_PARAMETER_LENGTH } from "../parameters.ts";
import { scopesIn } from "../scopes.ts";
import type { Store } from "../store.ts";
import type { BrowserSession } from "./read-session.ts";

/** What consents are remembered by: a user's, to one agent (and delegate) at one resource. */
export type ConsentParties = Pick<ConsentRequest, "agent" | "agentDelegate" | "resource"> & {
  readonly subject: string;
};

/** A scope that was agreed to. It has a time of its own: what is agreed to later prolongs nothing but itself. */
interface AgreedScope {
  readonly scope: string;
  /** Unix seconds. */
  readonly until: number;
}

/** The consents given in one browser session. */
interface SessionConsent {
  readonly sessionId: string;
  /** Newest first. */
  readonly scopes: readonly AgreedScope[];
}

/** The consents of one user to one agent at one resource, in each session. */
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

/** Text of scopes that is remembered for one of them, four requests' at least; beyond it the oldest scopes are asked again. */
const MAX_SCOPE_CHARACTERS = 4 * MAX_PARAMETER_LENGTH;

/** As many as fit into the longest request. Each takes room for its time, too. */
const MAX_SCOPES = MAX_PARAMETER_LENGTH / 2;

export function createConsentMemory(
  store: Store<RememberedConsents>,
  options: {
    /** Asked at each consent, because policy may change. */
    lifetimeSeconds: () => number;
    /** Unix seconds. */
    now: () => number;
  },
): ConsentMemory {
  // JSON keeps the parts apart whatever is in them.
  const key = ({ subject, agent, agentDelegate, resource }: ConsentParties) =>
    hash("sha256", JSON.stringify([subject, agent, agentDelegate ?? null, resource]), "base64url");
  const keyOf = (session: BrowserSession, request: ConsentRequest) =>
    key({ ...request, subject: session.user.id });
  /** What still counts. */
  const sessionsFor = async (session: BrowserSession, request: ConsentRequest) => {
    const now = options.now();
    const sessions = (await store.get(keyOf(session, request))) ?? [];
    return sessions
      .map(({ sessionId, scopes }) => ({ sessionId, scopes: scopes.filter(({ until }) => now < until) }))
      .filter(({ scopes }) => scopes.length > 0);
  };
  const agreedIn = (sessions: readonly SessionConsent[], session: BrowserSession) =>
    sessions.find(({ sessionId }) => sessionId === session.id)?.scopes ?? [];
  return {
    lifetimeSeconds: options.lifetimeSeconds,
    async covers(session, request) {
      const agreed = agreedIn(await sessionsFor(session, request), session);
      const scopes = new Set(agreed.map(({ scope }) => scope));
      return scopesIn(request.scope).every((scope) => scopes.has(scope));
    },
    async remember(session, request) {
      const sessions = await sessionsFor(session, request);
      const now = options.now();
      const until = now + options.lifetimeSeconds();
      const asked = new Set(scopesIn(request.scope));
      const before = agreedIn(sessions, session).filter(({ scope }) => !asked.has(scope));
      const scopes = bounded([...[...asked].map((scope) => ({ scope, until })), ...before]);
      const others = sessions.filter(({ sessionId }) => sessionId !== session.id);
      const kept = [{ sessionId: session.id, scopes }, ...others].slice(0, MAX_SESSIONS);
      // Policy may have shortened the lifetime meanwhile: what was promised longer is kept as long.
      const last = Math.max(
        until,
        ...kept.flatMap((consent) => consent.scopes.map((agreed) => agreed.until)),
      );
      await store.put(session.user.id, keyOf(session, request), kept, last - now);
    },
    forget: async (parties) => {
      await store.delete(key(parties));
    },
  };
}

function bounded(agreed: readonly AgreedScope[]): AgreedScope[] {
  let characters = 0;
  return agreed.slice(0, MAX_SCOPES).filter(({ scope }) => {
    characters += scope.length;
    return characters <= MAX_SCOPE_CHARACTERS;
  });
}
