import { createMemoryStores, generateSigningKey, type SigningKey } from "aauth";
import type { Transport } from "aauth/agent";
import { february2026, february2026Tokens } from "aauth/february-2026";
import { tokenSignerOf } from "aauth/server";
import { signedRequest } from "aauth/testing";
import {
  createTestDiscovery,
  createTestParties,
} from "../../../packages/aauth/test/february-2026/parties.ts";
import { inject, SELF, type Stack, startStack } from "./stack.ts";

export const APPROVER = "user-anna";
export const RETURN_URL = "http://backend.localhost:8000/back";
const ISSUER = "http://localhost:8080/realms/aauth-test";

/** The supply-chain agent, an agent that orders, and an auth server that identifies users. */
export async function createInteractionWorld() {
  const parties = await createTestParties();
  const { agent, authServer, clock } = parties;
  const selfKey = await generateSigningKey({ kid: "supply-chain-agent-ephemeral-1" });
  const documents: Record<string, unknown> = {
    [`${agent.id}/.well-known/aauth-agent`]: {
      agent: agent.id,
      jwks_uri: `${agent.id}/jwks.json`,
      name: "<b>Backend</b>",
      redirect_uris: [`${agent.id}/other`, RETURN_URL],
    },
  };
  const discovery = createTestDiscovery(
    {
      agents: {
        [agent.id]: [agent.key.publicJwk],
        [SELF]: [selfKey.publicJwk],
        "http://other.localhost:1": [],
      },
      issuers: { [authServer.issuer]: { keys: [authServer.key.publicJwk] } },
      documents,
    },
    { now: clock.now },
  );
  const state = {
    /** The user whom the auth server names next. */
    user: APPROVER as string | undefined,
    audience: SELF,
    down: false,
    /** Forms of the token requests. */
    asked: [] as Record<string, string>[],
  };
  const transport: Transport = async (url, { headers, body }) => {
    if (state.down) throw new Error("down");
    if (!url.startsWith(ISSUER)) throw new Error(`nobody is at ${url}`);
    const form = Object.fromEntries(new URLSearchParams(new TextDecoder().decode(body)));
    const signedAs = february2026.messages.claimedAgent?.(headers["signature-key"] ?? "") ?? "nobody";
    state.asked.push({ ...form, signedAs });
    if (form.request_type === "auth") return Response.json({ request_token: "r-1", expires_in: 600 });
    const { token } = await february2026Tokens.issueAuthToken({
      signer: tokenSignerOf(authServer.key),
      issuer: ISSUER,
      audience: state.audience,
      ...(state.user !== undefined && { subject: state.user }),
      userClaims: { name: "Anna", email: "anna@example.com" },
      confirmationKey: selfKey.publicJwk,
      now: clock.now,
    });
    return Response.json({ auth_token: token, expires_in: 300, refresh_token: "not-needed" });
  };
  const network = { ...parties, discovery, selfKey, transport, tokenRequests: [], accepted: [] };
  const stores = createMemoryStores(clock);
  const stack = await startStack({}, network, stores);
  const ORDER = { order_id: "o-1", model: "MacBook Pro", quantity: 25, approver: APPROVER };

  return {
    ...stack,
    ...replica(stack),
    state,
    discovery,
    stores,
    /** Another process of the agent, over the same stores. */
    startReplica: async (own = stores) => replica(await startStack({}, network, own)),
  };

  function replica({ app }: Stack) {
    return {
      order: (change: object = {}, signing: Signing = {}) => postOrder(app, { ...ORDER, ...change }, signing),
      open: (address: string, cookie?: string) => {
        const { pathname, search } = new URL(address, SELF);
        return app.inject({ url: pathname + search, headers: cookie === undefined ? {} : { cookie } });
      },
      decide: (form: Record<string, string>, cookie?: string) => decide(app, form, cookie),
    };
  }

  function decide(app: Stack["app"], form: Record<string, string>, cookie?: string) {
    return app.inject({
      method: "POST",
      url: "/interaction/decision",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        ...(cookie !== undefined && { cookie }),
      },
      payload: new URLSearchParams(form).toString(),
    });
  }

  async function postOrder(app: Stack["app"], order: object, { key = agent.key, jwt, scheme }: Signing) {
    const signatureKey =
      jwt !== undefined
        ? ({ scheme: "jwt", jwt } as const)
        : scheme === "hwk"
          ? ({ scheme } as const)
          : ({ scheme: "jwks", id: agent.id } as const);
    const request = await signedRequest({
      profile: february2026,
      url: `${SELF}/orders`,
      key,
      signatureKey,
      now: clock.now,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(order),
    });
    return inject(app, request);
  }
}

interface Signing {
  readonly key?: SigningKey;
  readonly jwt?: string;
  readonly scheme?: "hwk";
}

export type InteractionWorld = Awaited<ReturnType<typeof createInteractionWorld>>;

/** The address in a challenge, with the return address that an agent adds. */
export function interactionIn(reply: { headers: Record<string, unknown> }, returnUrl = RETURN_URL): string {
  const address = /user_interaction="([^"]+)"/.exec(String(reply.headers["agent-auth"]))?.[1] ?? "";
  const url = new URL(address);
  url.searchParams.set("return_url", returnUrl);
  return url.href;
}

/**
 * Opens the interaction and signs in: the confirmation page, the browser's cookie, and the fields
 * of its form.
 */
export async function arrive(world: Pick<InteractionWorld, "open">, address: string) {
  const first = await world.open(address);
  const cookie = String(first.headers["set-cookie"]).split(";")[0]!;
  const state = new URL(String(first.headers.location)).searchParams.get("state")!;
  const back = await world.open(`/interaction/callback?code=c-1&state=${state}`, cookie);
  // Follows a redirect like a browser; without one, the response is the page.
  const page = back.statusCode === 303 ? await world.open(String(back.headers.location), cookie) : back;
  const field = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(page.body)?.[1] ?? "";
  const form = { session: field("session"), form_token: field("form_token") };
  return { first, cookie, state, back, page, form };
}
