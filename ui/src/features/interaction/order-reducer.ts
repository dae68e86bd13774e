import type { Catalogue, Failure, Order } from "backend-api";

/** State of the panel: closed, or with a form and the status of the last order. */
export interface OrderState {
  readonly catalogue?: Catalogue;
  readonly busy: "catalogue" | "order" | undefined;
  readonly order?: Order;
  readonly failure?: Failure;
  /** The part that failed. */
  readonly failed?: "catalogue" | "order";
}

export type OrderAction =
  | { type: "asked"; what: "catalogue" | "order" }
  | { type: "catalogue_received"; catalogue: Catalogue }
  | { type: "order_received"; order: Order }
  | { type: "came_back" }
  | { type: "failed"; failure: Failure };

/**
 * Failure if no order matches the browser's return: it was used, has expired, or belongs to another
 * user.
 */
export const UNKNOWN_ORDER: Failure = {
  hop: "backend",
  check: "challenge",
  code: "unknown_request",
  message:
    "No order waits for it: it was already used, or it expired. An order that you have approved is placed.",
  advice: "Order again only if you have not approved it, and decide within ten minutes.",
};

const FOREIGN_PAGE: Failure = {
  hop: "backend",
  check: "challenge",
  code: "foreign_page",
  message: "The backend returned an interaction URL that is not a web address.",
  advice: "Check the backend's log.",
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
      if (order.status === "interaction_required" && interactionUrlOf(order) === undefined) {
        return { ...kept, busy: undefined, failure: FOREIGN_PAGE };
      }
      // No further orders while the browser navigates.
      return { ...kept, busy: order.status === "interaction_required" ? "order" : undefined, order };
    }
    case "came_back":
      return { ...state, busy: undefined };
    case "failed":
      return { ...kept, busy: undefined, failure: action.failure, failed: state.busy ?? "order" };
  }
}

/** The interaction URL of an order that waits for the user. */
export function interactionUrlOf(order: Order): string | undefined {
  if (order.status !== "interaction_required" || order.interaction_url === undefined) return undefined;
  return /^https?:$/.test(URL.parse(order.interaction_url)?.protocol ?? "")
    ? order.interaction_url
    : undefined;
}
