import { hash } from "node:crypto";
import type { KeyValueStore } from "aauth";
import type { ConsentRequest } from "../grants.ts";
import { scopeWords } from "../request-types/request-type.ts";
import type { BrowserSession } from "./read-session.ts";

/** What a person has agreed to since signing in; forgotten when they sign out. */
export interface ConsentMemory {
  covers(session: BrowserSession, request: ConsentRequest): Promise<boolean>;
  remember(session: BrowserSession, request: ConsentRequest): Promise<void>;
}

export function createConsentMemory(
  store: KeyValueStore<readonly string[]>,
  options: { lifetimeSeconds: number },
): ConsentMemory {
  // A consent is for one agent (and delegate) at one resource; JSON keeps the parts apart whatever is in them.
  const key = (session: BrowserSession, { agent, agentDelegate, resource }: ConsentRequest) =>
    hash(
      "sha256",
      JSON.stringify([session.id, session.user.id, agent, agentDelegate ?? null, resource]),
      "base64url",
    );
  const remembered = async (session: BrowserSession, request: ConsentRequest) =>
    (await store.get(key(session, request))) ?? [];
  return {
    async covers(session, request) {
      const scopes = await remembered(session, request);
      return scopeWords(request.scope).every((scope) => scopes.includes(scope));
    },
    async remember(session, request) {
      const scopes = new Set([...(await remembered(session, request)), ...scopeWords(request.scope)]);
      await store.put(key(session, request), [...scopes], options.lifetimeSeconds);
    },
  };
}
