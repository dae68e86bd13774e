import type { Agent, AgentObserver } from "aauth/agent";
import { createPatience } from "agent-kit/draft-11";
import type { Order } from "backend-api";
import type { PlacedOrder } from "./order-client.ts";

/** How long a held order waits for its person. What was decided at its end still has to be heard: an approved order is executed. */
const PERSON_SECONDS = 600;

/** What differs between the profiles in how an order is asked for. */
export interface OrderWire {
  /** Whether the call of an order goes on while its user is at a page. Otherwise it ends there, and is made again. */
  readonly goesOn: boolean;
  agentOf(userId: string): Agent;
  /** What the signed order says beside what is ordered. */
  named(userId: string): Pick<PlacedOrder, "approver" | "agent_provider">;
  begin(call: OrderCall): { readonly fetch: typeof globalThis.fetch; end(): void };
}

/** One call for an order. */
export interface OrderCall {
  readonly userId: string;
  readonly order: Order;
  /** Comes back with the user's browser. */
  readonly state: string;
  readonly timeoutSeconds: number;
  /** An approval is for the request with this key: another key would need another approval. */
  readonly keyThumbprint: string | undefined;
  readonly observer: AgentObserver;
  /** The user is needed at a page of a party, by its identifier. Called by wires that go on. */
  readonly onPage: (url: string, party: string) => Promise<void>;
}

/**
 * February's: the signed order names its approver, so that no other user who opens the page can approve it.
 *
 * @param options.agent never asks for consent: no browser would bring one
 */
export function februaryOrders({ agent, returnUrl }: { agent: Agent; returnUrl: string }): OrderWire {
  return {
    goesOn: false,
    agentOf: () => agent,
    named: (userId) => ({ approver: userId }),
    begin({ state, timeoutSeconds, keyThumbprint, observer }) {
      const back = new URL(returnUrl);
      back.searchParams.set("state", state);
      const fetch = agent.fetchFor({
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
        returnUrl: back.href,
        observer,
        ...(keyThumbprint !== undefined && { keyThumbprint }),
      });
      return { fetch, end: () => {} };
    },
  };
}

/** Draft -11's: the supply-chain agent holds the order, and its answer is polled for while the user is at the page. */
export function draft11Orders(options: {
  readonly agentOf: (userId: string) => Agent;
  /** Own agent provider. */
  readonly provider: string;
  readonly browserUrl: (url: string) => string;
  /** Where the user's browser comes back to. */
  readonly returnUrl: (state: string) => string;
}): OrderWire {
  const { agentOf, provider, browserUrl, returnUrl } = options;
  return {
    goesOn: true,
    agentOf,
    named: () => ({ agent_provider: provider }),
    begin({ userId, order, state, timeoutSeconds, observer, onPage }) {
      const patience = createPatience(timeoutSeconds * 1000, (PERSON_SECONDS + timeoutSeconds) * 1000);
      const words = `The user has ordered ${order.quantity} × ${order.model}.`;
      const fetch = agentOf(userId).fetchFor({
        signal: patience.signal,
        returnUrl: returnUrl(state),
        observer: (event) => {
          observer(event);
          patience.observer(event);
        },
        loginHint: userId,
        justification: words,
        onClarification: async () => ({ action: "respond", response: words }),
        onInteraction: ({ page, party }) => onPage(browserUrl(page), party),
      });
      return { fetch, end: patience.end };
    },
  };
}
