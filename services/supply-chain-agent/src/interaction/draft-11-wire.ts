import type { HeldOrder } from "../orders/held-order.ts";
import type { HeldOrders } from "../orders/held-orders.ts";
import type { InteractionWire } from "./interaction-routes.ts";
import type { Interaction } from "./interactions.ts";
import { byAgentOfPerson } from "./pages.ts";

/** Beside `/interaction`, which leads to the pages of other parties (section 10.1.2). */
export const DRAFT_11_PAGE = "/orders/interaction";

/**
 * The page of a held order (draft -11, sections 6.2 and 7.3): the browser brings a code, which is
 * good once, and perhaps a callback. One that no party of the request has published is left alone:
 * the browser stays.
 */
export function draft11Wire(options: {
  /** Origin of the page for browsers. */
  readonly origin: string;
  readonly orders: HeldOrders;
  /** What a browser opens for a URL of one of the parties. */
  readonly browserUrl: (url: string) => string;
}): InteractionWire {
  const { origin, orders, browserUrl } = options;
  return {
    path: DRAFT_11_PAGE,
    origin,
    declinesUnsigned: false,
    async enter(parameter, from) {
      const code = parameter("code");
      // Without a code a page is loaded again.
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
