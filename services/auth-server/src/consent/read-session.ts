import type { FastifyReply, FastifyRequest } from "fastify";
import type { KoaContextWithOIDC, Provider } from "oidc-provider";
import type { Accounts } from "../realm/accounts.ts";
import type { RealmUser } from "../realm/realm.ts";

/** The signed-in user of a browser, by the session that the OpenID provider keeps. */
export interface BrowserSession {
  /** Stays the same until the user signs out. */
  readonly id: string;
  readonly user: RealmUser;
}

export type ReadSession = (
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<BrowserSession | undefined>;

/**
 * Reads the OpenID provider's own session, so that a signed-in user needs no second sign-in for
 * consent.
 */
export function createReadSession(currentProvider: () => Provider, accounts: Accounts): ReadSession {
  return async (request, reply) => {
    const provider = currentProvider();
    const context = provider.createContext(request.raw, reply.raw);
    const session = await provider.Session.get(context as unknown as KoaContextWithOIDC);
    const user = session.accountId === undefined ? undefined : await accounts.find(session.accountId);
    return user === undefined ? undefined : { id: session.uid, user };
  };
}
