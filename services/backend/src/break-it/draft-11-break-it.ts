import { draft11 } from "aauth";
import { TOKEN_TYPES } from "aauth/wire";
import { signingToken } from "agent-kit/draft-11";
import { DRAFT_11_MODES } from "agent-kit/settings";
import { ATTACKS, attacksWith } from "backend-api";
import type { Run } from "../runs/run.ts";
import type { BreakItDialect } from "./dialect.ts";
import { type Draft11Context, type Draft11Options, redeem, typeOf } from "./draft-11-messages.ts";
import { FORGERIES } from "./forgeries.ts";
import type { Material } from "./material.ts";
import { expiryOf, jwt, keyOf } from "./tampering.ts";

/** Half of the verifiers' window. */
const MAX_AHEAD_SECONDS = 30;

/** "Now break it" in a mode of draft -11. */
export function draft11BreakIt(options: Draft11Options): BreakItDialect {
  const { mode, agentUrl, otherResourceUrl, parties, keys, now } = options;
  const offered = attacksWith("draft11").filter(
    (variant) => DRAFT_11_MODES.indexOf(ATTACKS[variant].draft11.from) <= DRAFT_11_MODES.indexOf(mode),
  );
  const receivers = new Map([
    [agentUrl, "supply-chain-agent"],
    [otherResourceUrl, "market-analysis-agent"],
    [parties.personServer, "person-server"],
    [parties.accessServer, "access-server"],
  ]);

  let last = 0;
  // Profile 4.3: without a nonce, the second of two equal requests in one second counts as a
  // replay. The run's own request is no later than the current second.
  const signingTime = () => {
    last = Math.max(now(), Math.min(last, now() + MAX_AHEAD_SECONDS)) + 1;
    return last;
  };

  /** Context of a run. Every run signs with a token. */
  function contextOf(material: Material, { userId }: Run): Draft11Context {
    const key = keyOf(material.token, keys());
    const signatureKey = jwt(material.token!);
    const context: Draft11Context = {
      ...options,
      profile: draft11,
      material,
      key,
      signatureKey,
      signingTime,
      userId,
      redeem: (resourceToken) => redeem(context, resourceToken),
    };
    return context;
  }

  return {
    attempts: new Map(
      offered.map((variant) => {
        const forge = FORGERIES[variant];
        return [
          variant,
          { ...ATTACKS[variant].draft11, forge: (material, run) => forge(contextOf(material, run)) },
        ];
      }),
    ),
    checks: draft11.verification.checks,
    elsewhere: `Not available in mode ${mode}.`,
    agentUrl,
    tokenIn: ({ headers }) => signingToken(headers),
    receiverOf: (url) => receivers.get(new URL(url).origin) ?? "backend",
    isExpired: ({ token = "", grant }, needs) =>
      [token, ...(needs === "grant" && grant ? [grant.resourceToken] : [])].some(
        (each) => expiryOf(each) <= now(),
      ),
    missing(material, needs) {
      if (needs === "token" && typeOf(material) === TOKEN_TYPES.agent)
        return "The person server issued no token for this run.";
      const isMissing = needs === "grant" && material.grant === undefined;
      return isMissing ? "This run requested no auth token." : undefined;
    },
  };
}
