import type { Catalogue, Failure, Order } from "backend-api";

/** The panel: closed, or with a form, and with what has become of the last order. */
export interface OrderState {
  readonly catalogue?: Catalogue;
  readonly busy: "catalogue" | "order" | undefined;
  readonly order?: Order;
  readonly failure?: Failure;
  /** What it was that failed. */
  readonly failed?: "catalogue" | "order";
}

export type OrderAction =
  | { type: "asked"; what: "catalogue" | "order" }
  | { type: "catalogue_received"; catalogue: Catalogue }
  | { type: "order_received"; order: Order }
  | { type: "came_back" }
  | { type: "failed"; failure: Failure };

/** Nobody waits for what the browser brought back: it was used before, took too long, or is somebody else's. */
export const UNKNOWN_ORDER: Failure = {
  hop: "backend",
  check: "challenge",
  code: "unknown_request",
  message: "No order waits for this visit: it was used before, or took too long.",
  advice: "Order again and answer the agent's page within ten minutes.",
};

const FOREIGN_PAGE: Failure = {
  hop: "backend",
  check: "challenge",
  code: "foreign_page",
  message: "The backend asked to send you to a page that is not on the web.",
  advice: "Look at the backend's log.",
};

export function orderReducer(state: OrderState, action: OrderAction): OrderState {
  const { catalogue } = state;
  const kept = catalogue === undefined ? {} : { catalogue };
  switch (action.type) {
    case "asked":
      return { ...kept, busy: action.what };
    case "catalogue_received":
      return { catalogue: action.catalogue, busy: undefined };
    case "order_received": {
      const { order } = action;
      if (order.status === "interaction_required" && visitOf(order) === undefined) {
        return { ...kept, busy: undefined, failure: FOREIGN_PAGE };
      }
      // While the browser is on its way, nothing more can be ordered.
      return { ...kept, busy: order.status === "interaction_required" ? "order" : undefined, order };
    }
    case "came_back":
      return { ...state, busy: undefined };
    case "failed":
      return { ...kept, busy: undefined, failure: action.failure, failed: state.busy ?? "order" };
  }
}

/** Where the browser has to go for an order that waits for the person. */
export function visitOf(order: Order): string | undefined {
  if (order.status !== "interaction_required" || order.interaction_url === undefined) return undefined;
  return /^https?:$/.test(URL.parse(order.interaction_url)?.protocol ?? "")
    ? order.interaction_url
    : undefined;
}
