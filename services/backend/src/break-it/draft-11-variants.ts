/**
 * The tampered requests of draft -11, by mode.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { decodeToken } from "aauth";
import { february2026 } from "aauth/february-2026";
import { issuePersonToken } from "aauth/server";
import { AGENT_TOKEN_SECONDS, parseRequirement, TOKEN_TYPES } from "aauth/wire";
import { DRAFT_11_MODES } from "agent-kit/service";
import type { AnyBreakItVariant, Draft11BreakItVariant } from "backend-api";
import type { Run } from "../runs/run.ts";
import {
  accessServerOf,
  callOfSubAgent,
  honest,
  personServerOf,
  revokeAtPersonServer,
  waitingRequest,
} from "./draft-11-honest.ts";
import { draft11MaterialOf, tokenOf } from "./draft-11-material.ts";
import {
  asAgent,
  coveringNoBody,
  type Draft11Options,
  type ForgeContext,
  jwt,
  type Mode,
  otherAgent,
  ownAgentToken,
  poll,
  redeem,
  serverRequest,
  signed,
  tokenRequest,
  unsigned,
} from "./draft-11-messages.ts";
import {
  atAnotherPath,
  type BreakItDialect,
  expiryOf,
  type ForgedRequest,
  keyOf,
  keyOfAnother,
  type Meant,
  NOTHING_SENT,
  STALE_SECONDS,
  unsignedHeaders,
  unsignedToken,
  withChanged,
  withFlippedBit,
  withWiderScope,
} from "./variants.ts";

interface Variant extends Meant {
  /** The first mode that has it. */
  readonly from: Mode;
  /** What the run must have left behind besides a request. */
  readonly needs?: "bound" | "grant";
  readonly forge: (context: ForgeContext) => Promise<ForgedRequest>;
}

/** The twelve symbols of a code. */
const GUESSED_CODE = "ABCD-EFGH-JKMN";
/** Half of what verifiers allow. */
const MAX_AHEAD_SECONDS = 30;

const VARIANTS: Readonly<Record<Draft11BreakItVariant, Variant>> = {
  "changed-body": {
    from: "agent-identity",
    codes: ["digest_mismatch"],
    forge: async (context) => withFlippedBit(await signed(context)),
  },

  "changed-path": {
    from: "agent-identity",
    codes: ["invalid_signature"],
    forge: async (context) => atAnotherPath(await signed(context)),
  },

  /** Signed without what binds the body. */
  "uncovered-body": {
    from: "agent-identity",
    codes: ["insufficient_coverage"],
    forge: (context) => signed(context, { profile: coveringNoBody }),
  },

  stale: {
    from: "agent-identity",
    codes: ["created_out_of_window"],
    forge: (context) => signed(context, { now: () => context.now() - STALE_SECONDS }),
  },

  replay: {
    from: "agent-identity",
    codes: ["signature_replayed"],
    forge: async (context) => ({ ...(await signed(context)), twice: true }),
  },

  /** The run's token, signed with a key that it is not bound to. */
  "stolen-token": {
    from: "agent-identity",
    codes: ["invalid_signature"],
    forge: async (context) => signed(context, await keyOfAnother("thief")),
  },

  /** The token of a sub-agent, signed by its parent. */
  "other-agents-token": {
    from: "person-identity",
    codes: ["invalid_signature"],
    forge: async (context) => {
      const { request } = await callOfSubAgent(context);
      return signed(context, { request, signatureKey: jwt(tokenOf(request)) });
    },
  },

  /** The agent provider has signed it, an hour and more ago. */
  "expired-token": {
    from: "agent-identity",
    codes: ["token_expired"],
    forge: async (context) => {
      const now = () => context.now() - AGENT_TOKEN_SECONDS - STALE_SECONDS;
      return signed(context, { signatureKey: jwt((await ownAgentToken({ ...context, now })).token) });
    },
  },

  /** A token of one kind that says it is of another. */
  "swapped-typ": {
    from: "agent-identity",
    // Where the kind that it says it is passes, its claims are read next.
    codes: ["token_type_mismatch", "malformed_token", "token_claim_missing", "invalid_token_signature"],
    forge: (context) => {
      const { type, token } = context.material;
      const typ = type === TOKEN_TYPES.person ? TOKEN_TYPES.auth : TOKEN_TYPES.person;
      return signed(context, { signatureKey: jwt(withChanged(token, { header: { typ } })) });
    },
  },

  "widened-scope": {
    from: "person-server",
    needs: "bound",
    codes: ["invalid_token_signature"],
    forge: (context) => signed(context, { signatureKey: jwt(withWiderScope(context.material.token)) }),
  },

  /** The token without any signature, as OAuth would send it. */
  "bearer-token": {
    from: "agent-identity",
    codes: ["missing_signature"],
    forge: async ({ material: { request, token } }) => {
      const { method, url, body } = request;
      const headers = { ...unsignedHeaders(request), authorization: `Bearer ${token}` };
      return { method, url, headers, body };
    },
  },

  /** Correctly signed, in the profile before. */
  "february-message": {
    from: "agent-identity",
    codes: ["profile_not_accepted"],
    forge: (context) =>
      signed(context, { profile: february2026, signatureKey: { scheme: "jwks", id: context.issuer } }),
  },

  "agent-token-only": {
    from: "person-identity",
    codes: ["person_required"],
    forge: async (context) => signed(context, await asAgent(context)),
  },

  "other-audience": {
    from: "person-identity",
    needs: "bound",
    codes: ["token_audience_mismatch"],
    forge: (context) => {
      const request = { ...context.material.request, url: `${context.otherResourceUrl}/` };
      return signed(context, { request });
    },
  },

  /** A token of the second hop, used once, then revoked by the agent provider of the agent that it was for. */
  "revoked-token": {
    from: "person-identity",
    codes: ["token_revoked"],
    forge: async (context) => {
      const { request, key, agentToken } = await callOfSubAgent(context);
      await revokeAtPersonServer(context, agentToken.claims);
      return signed(context, { request, key, party: "sub-agent", signatureKey: jwt(tokenOf(request)) });
    },
  },

  /** No request has the code that is tried. */
  "guessed-code": {
    from: "agent-identity",
    status: 410,
    section: "draft -11, section 11.6.3.1",
    forge: async ({ agentUrl }) => unsigned(`${agentUrl}/interaction?code=${GUESSED_CODE}`),
  },

  /** A browser comes back as if the person had acted. What the agent finds at its next look shows that nothing came of it. */
  "forged-callback": {
    from: "person-identity",
    status: 202,
    section: "draft -11, section 7.3",
    forge: async (context) => {
      const { location, after } = await waitingRequest(context);
      const forged = `${context.parties.personServer}/interaction/returned/${randomBytes(16).toString("base64url")}`;
      await honest(context, unsigned(forged));
      return { ...(await poll(context, location)), after };
    },
  },

  /** The pending URL of the user's agent, looked at by another agent of the same provider. */
  "pending-of-another": {
    from: "person-identity",
    codes: ["not_found"],
    section: "draft -11, section 13.2",
    forge: async (context) => {
      const { location, after } = await waitingRequest(context);
      return { ...(await poll(await otherAgent(context), location)), after };
    },
  },

  /** At the person server: the agent's own token, and a thief's key. */
  "stolen-agent-token": {
    from: "person-identity",
    codes: ["invalid_signature"],
    forge: async (context) => {
      const { person_token_endpoint: url } = await personServerOf(context);
      const body = { resource: context.otherResourceUrl };
      return tokenRequest(context, url, body, await keyOfAnother("thief"));
    },
  },

  /** The user's agent was not called with it: it called with it. */
  "foreign-upstream-token": {
    from: "person-identity",
    needs: "bound",
    codes: ["invalid_upstream_token"],
    section: "draft -11, section 9.4.5",
    forge: async (context) => {
      const { person_token_endpoint: url } = await personServerOf(context);
      const body = { resource: context.otherResourceUrl, upstream_token: context.material.token };
      return tokenRequest(context, url, body);
    },
  },

  /** The backend plays a person server, and names the token that it has issued to its own agent. */
  "upstream-of-another-server": {
    from: "person-identity",
    codes: ["invalid_upstream_token"],
    section: "draft -11, section 9.4.5",
    forge: async (context) => {
      const { issuer, keys, key, now } = context;
      const { person_token_endpoint: url } = await personServerOf(context);
      const { token: upstream_token } = await issuePersonToken({
        ...{ key: keys()[0]!, issuer, audience: issuer, subject: "anyone" },
        ...{ confirmationKey: key.publicJwk, now },
      });
      return tokenRequest(context, url, { resource: context.otherResourceUrl, upstream_token });
    },
  },

  /** A browser opens the page with a code that is wrong in its last symbol; then the agent looks again. */
  "guessed-consent-code": {
    from: "person-identity",
    status: 202,
    section: "draft -11, section 11.6.3.1",
    forge: async (context) => {
      const { location, requirement, after } = await waitingRequest(context);
      const { url, code = "" } = parseRequirement(requirement);
      const guessed = code.slice(0, -1) + (code.endsWith("0") ? "1" : "0");
      await honest(context, unsigned(`${url}?code=${guessed}`));
      return { ...(await poll(context, location)), after };
    },
  },

  /** Only the issuer of a token takes it back, in its own name. This agent has issued none, and holds none. */
  "revocation-by-agent": {
    from: "person-identity",
    codes: ["unsupported_scheme"],
    section: "draft -11, section 11.12.1",
    forge: async (context) => {
      const { revocation_endpoint: url } = await personServerOf(context);
      return tokenRequest(await otherAgent(context), url!, revocationOf(context));
    },
  },

  /** The resource has issued it for the user's agent; another agent redeems it. */
  "foreign-resource-token": {
    from: "person-server",
    needs: "grant",
    codes: ["invalid_resource_token"],
    section: "draft -11, section 6.7.2",
    forge: async (context) => redeem(await otherAgent(context), {}),
  },

  "unsigned-resource-token": {
    from: "person-server",
    needs: "grant",
    codes: ["invalid_resource_token"],
    section: "draft -11, section 6.7.2",
    forge: (context) =>
      redeem(context, { resource_token: unsignedToken(context.material.grant!.resourceToken) }),
  },

  /** Only person servers ask there. */
  "agent-at-access-server": {
    from: "federated",
    needs: "grant",
    codes: ["unsupported_scheme"],
    section: "draft -11, section 9.1",
    forge: async (context) => {
      const { auth_token_endpoint: url } = await accessServerOf(context);
      return tokenRequest(context, url, await federated(context));
    },
  },

  /** The backend asks in its own name, as if it were a person server. */
  "forged-person-server": {
    from: "federated",
    needs: "grant",
    status: 403,
    section: "draft -11, section 9.1",
    forge: async (context) => {
      const { auth_token_endpoint: url } = await accessServerOf(context);
      return serverRequest(context, "person", url, await federated(context));
    },
  },

  /** Neither a person server nor a resource of this access server. */
  "foreign-revocation": {
    from: "federated",
    codes: ["unsupported_iss"],
    section: "draft -11, section 11.12.3",
    forge: async (context) => {
      const { revocation_endpoint: url } = await accessServerOf(context);
      return serverRequest(context, "agent", url!, revocationOf(context));
    },
  },
};

/** What a person server asks an access server, with the tokens of the run. */
async function federated(context: ForgeContext) {
  const { resourceToken: resource_token, presentedToken: presented_token } = context.material.grant!;
  return { resource_token, agent_token: (await ownAgentToken(context)).token, presented_token };
}

/** The run's token, taken back. */
function revocationOf({ material }: ForgeContext) {
  const { jti, exp } = decodeToken(material.token).claims;
  return { jti, exp };
}

/** "Try to break it" in a mode of draft -11. */
export function draft11Dialect(options: Draft11Options): BreakItDialect {
  const { mode, keys, agentUrl, otherResourceUrl, parties, now } = options;
  const offered = (Object.keys(VARIANTS) as Draft11BreakItVariant[]).filter(
    (variant) => DRAFT_11_MODES.indexOf(VARIANTS[variant].from) <= DRAFT_11_MODES.indexOf(mode),
  );
  const variantOf = (variant: AnyBreakItVariant): Variant =>
    VARIANTS[offered.find((name) => name === variant)!];
  const receivers = new Map([
    [agentUrl, "supply-chain-agent"],
    [otherResourceUrl, "market-analysis-agent"],
    [parties.personServer, "person-server"],
    [parties.accessServer, "access-server"],
  ]);

  let last = 0;
  // Profile 4.3: there is no nonce, and the second of two equal requests of one second is a repetition. The run's own is of this second at most.
  const signingTime = () => {
    last = Math.max(now(), Math.min(last, now() + MAX_AHEAD_SECONDS)) + 1;
    return last;
  };

  return {
    variants: offered,
    meant: variantOf,
    receiverOf: (url) => receivers.get(new URL(url).origin) ?? "backend",
    forge(variant, sent, { userId }: Run) {
      const material = draft11MaterialOf(sent, agentUrl)!;
      const key = keyOf(material.token, keys());
      return variantOf(variant).forge({ ...options, signingTime, material, key, userId });
    },

    unavailable(variant, sent) {
      if (!(offered as readonly string[]).includes(variant)) return `This is not in the mode ${mode}.`;
      const material = draft11MaterialOf(sent, agentUrl);
      if (material === undefined) return NOTHING_SENT;
      const { token, type, grant } = material;
      const { needs } = variantOf(variant);
      if (needs === "bound" && type === TOKEN_TYPES.agent) return "The person server gave this run no token.";
      if (needs === "grant" && grant === undefined) return "This run asked for no auth token.";
      if (needs === "grant" && expiryOf(grant!.resourceToken) <= now()) {
        return "The resource token of this run has expired, which would be refused first: start a new one.";
      }
      return expiryOf(token) <= now()
        ? "The token of this run has expired, which would be refused first: start a new one."
        : undefined;
    },
  };
}
