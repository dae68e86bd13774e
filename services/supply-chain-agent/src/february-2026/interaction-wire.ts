import type { Discovery } from "aauth";
import { february2026 } from "aauth/february-2026";
import type { InteractionWire } from "../interaction/interaction-routes.ts";
import { byAgent } from "../interaction/pages.ts";
import { isReturnUrlOf } from "./return-url.ts";

/**
 * The page of February's interaction: the agent receives the URL of a session, adds its user's
 * return URL, and later repeats the request itself.
 */
export function februaryWire(options: {
  readonly id: string;
  readonly discovery: Discovery;
  readonly development: boolean;
}): InteractionWire {
  const { id, discovery, development } = options;
  return {
    path: "/interaction",
    origin: id,
    declinesUnsigned: true,
    enter: async (parameter) => ({
      session: parameter("session") ?? "",
      returnUrl: parameter("return_url"),
    }),
    async mayReturnTo({ by, returnUrl: verified }, returnUrl) {
      const isOwn =
        verified === undefined
          ? returnUrl !== undefined &&
            "agent" in by &&
            (await isReturnUrlOf(by.agent, returnUrl, { discovery, development }))
          : verified === returnUrl;
      return isOwn ? returnUrl : "refused";
    },
    sentTo: async ({ returnUrl }) => returnUrl,
    async orderedBy({ by }) {
      if (!("agent" in by)) throw new TypeError("an order of February names its agent");
      const { name } = await discovery.metadata(february2026.documents.kinds.agent, by.agent);
      return [byAgent(by.agent, name)];
    },
  };
}
