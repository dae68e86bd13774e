import { type Order, orderSchema } from "backend-api";
import { expect, vi } from "vitest";
import { type Browser, createBrowser, readForm } from "../../services/auth-server/test/support/browser.ts";
import { signIn } from "../../services/auth-server/test/support/sign-in.ts";
import { isSignIn, type Shown, User } from "../contract/auth-server/journey.ts";
import { DEMO_USER, userAccessToken } from "./sign-in.ts";
import { LOG_WAIT, type TestStack } from "./start-stack.ts";

/** An order of a signed-in user, by HTTP alone. Needs the localhost look-up. */
export interface OrderRun {
  readonly browser: Browser;
  /** The order that waits for the person. */
  readonly waiting: Order;
  /** The order's current state. */
  state(): Promise<Order>;
}

const WANTED = { model: "MacBook Pro", quantity: 25 };

export async function startOrder(
  { urls }: Pick<TestStack, "urls">,
  wanted: object = WANTED,
): Promise<OrderRun> {
  const authorization = `Bearer ${await userAccessToken(urls)}`;
  const started = await fetch(`${urls.backend}/orders`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify(wanted),
  });
  const waiting = orderSchema.parse(await started.json());
  return {
    browser: createBrowser(),
    waiting,
    async state() {
      const reply = await fetch(`${urls.backend}/orders/${waiting.order_id}`, { headers: { authorization } });
      return orderSchema.parse(await reply.json());
    },
  };
}

/** The order, when it has been placed, declined or has failed. */
export function orderEnd(order: Pick<OrderRun, "state">): Promise<Order> {
  return vi.waitFor(async () => {
    const state = await order.state();
    expect(state.status).toMatch(/^(?:placed|declined|failed)$/);
    return state;
  }, LOG_WAIT);
}

/** The end of an order of draft -11 that its person approves at the supply-chain agent's page. */
export async function approvedOrder(stack: Pick<TestStack, "urls">, wanted: object): Promise<Order> {
  const order = await startOrder(stack, wanted);
  const user = new OrderingUser();
  await user.submit(await user.comeTo(order.waiting.interaction_url!), { decision: "approve" });
  return orderEnd(order);
}

/**
 * Goes to the supply-chain agent's page, says who it is at the auth server, and comes to the
 * question.
 */
export async function visit(
  { browser, waiting }: OrderRun,
  user: { username: string; password: string } = DEMO_USER,
): Promise<{ page: Response; url: string }> {
  const first = await browser.get(waiting.interaction_url!);
  const consent = await signIn(browser, first.headers.get("location")!, user);
  const { action, fields } = readForm(await consent.response.text());
  const allowed = await browser.post(new URL(action, consent.url).href, { ...fields, accept: "yes" });
  const answer = allowed.headers.get("location")!;
  const arrived = await browser.get(answer);
  const onwards = arrived.headers.get("location");
  if (onwards === null) return { page: arrived, url: answer };
  const url = new URL(onwards, answer).href;
  return { page: await browser.get(url), url };
}

/** Presses a button of that page and follows it back: where the browser ends up. */
export async function decide(
  { browser }: OrderRun,
  { page, url }: { page: Response; url: string },
  decision: "approve" | "decline",
): Promise<string> {
  const { action, fields } = readForm(await page.text());
  const decided = await browser.post(new URL(action, url).href, { ...fields, decision });
  const back = decided.headers.get("refresh")!.replace(/^\d+; url=/, "");
  return (await browser.get(back)).headers.get("location")!;
}

/** A user at the pages of an order in draft -11. */
export class OrderingUser extends User {
  readonly #account: { readonly username: string; readonly password: string };

  constructor(account: { readonly username: string; readonly password: string } = DEMO_USER) {
    super();
    this.#account = account;
  }

  /** The person server's page, where an agent that is new is allowed; where it is left for. */
  async allowAgent(url: string): Promise<string> {
    const page = await this.#signedIn(await this.open(url));
    return (await this.decide(page, "accept")).headers.get("location")!;
  }

  /** Opens the supply-chain agent's page, and signs in there: the page that is shown then. */
  async comeTo(interactionUrl: string) {
    let page = await this.open(interactionUrl);
    for (let hops = 0; hops < 5; hops++) {
      page = await this.#signedIn(page);
      const next = page.headers.get("location");
      if (next === null) return page;
      page = await this.open(new URL(next, page.url).href);
    }
    throw new Error("the pages lead round in circles");
  }

  #signedIn(page: Shown): Shown | Promise<Shown> {
    const { username, password } = this.#account;
    return isSignIn(page) ? this.submit(page, { username, password }) : page;
  }
}
