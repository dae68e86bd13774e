import type { HeldOrder } from "../orders/held-order.ts";
import type { HeldOrders } from "../orders/held-orders.ts";
import type { InteractionWire } from "./interaction-routes.ts";
import type { Interaction } from "./interactions.ts";
import { byAgentOfPerson } from "./pages.ts";

/** Separate from `/interaction`, which leads to other parties' pages (section 10.1.2). */
export const DRAFT_11_PAGE = "/orders/interaction";

/**
 * The page of a held order (draft -11, sections 6.2 and 7.3). The browser arrives with a single-use
 * code and an optional callback. A callback that no party of the request has published is ignored,
 * and the browser stays.
 */
export function draft11Wire(options: {
  /** Origin of the page for browsers. */
  readonly origin: string;
  readonly orders: HeldOrders;
  /** Browser address of one of the parties' URLs. */
  readonly browserUrl: (url: string) => string;
}): InteractionWire {
  const { origin, orders, browserUrl } = options;
  return {
    path: DRAFT_11_PAGE,
    origin,
    declinesUnsigned: false,
    async enter(parameter, from) {
      const code = parameter("code");
      // Without a code, the page is being reloaded.
      if (code === undefined) return { session: parameter("session") ?? "", returnUrl: undefined };
      return { session: (await orders.enter(code, from))?.id ?? "", returnUrl: parameter("callback") };
    },
    async mayReturnTo(interaction, callback) {
      if (interaction.browser !== undefined) return interaction.returnUrl;
      const url = callback && (await orders.returnUrl(heldIn(interaction), callback));
      return url === undefined ? undefined : browserUrl(url);
    },
    async sentTo({ returnUrl }, decision) {
      if (returnUrl === undefined || decision === "approved") return returnUrl;
      const url = new URL(returnUrl);
      url.searchParams.set("error", "access_denied");
      return url.href;
    },
    settle: (interaction, decision) => orders.settle(heldIn(interaction), decision, interaction.person),
    async orderedBy(interaction) {
      const { personServer = "", data } = heldIn(interaction);
      return byAgentOfPerson(personServer, data.provider);
    },
  };
}

function heldIn({ by }: Interaction): HeldOrder {
  if (!("held" in by)) throw new TypeError("an order of draft -11 is held");
  return by.held;
}
