import type { FastifyReply, FastifyRequest } from "fastify";
import type { KoaContextWithOIDC, Provider } from "oidc-provider";
import type { Accounts } from "../realm/accounts.ts";
import type { RealmUser } from "../realm/realm.ts";

/** The signed-in user of a browser, from the OpenID provider's session. */
export interface BrowserSession {
  /** Stable until the user signs out. */
  readonly id: string;
  readonly user: RealmUser;
}

export type ReadSession = (
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<BrowserSession | undefined>;

/**
 * Reads the OpenID provider's session, so that a signed-in user need not sign in again for consent.
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
