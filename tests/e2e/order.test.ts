import { installLocalhostLookup } from "agent-kit/service";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { decideConsent, signInForConsent } from "../support/consent-page.ts";
import { unfold } from "../support/front-page.ts";
import { orderOnPage } from "../support/order-page.ts";
import { startOrder } from "../support/order-run.ts";
import { screenshot } from "../support/screenshot.ts";
import { signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack, type TestStackOptions } from "../support/start-stack.ts";

installLocalhostLookup();

const SECOND_USER = { username: "second-user", password: "user123" };
const INTERACTION = /\/interaction\?session=/;
const WAIT = { timeout: 30_000 };

/** The order of a dialect, where its pages and messages differ. */
interface Dialect {
  readonly modes: NonNullable<TestStackOptions["modes"]>;
  /** Prefix of its pictures' names. */
  readonly pictures: string;
  /** The page where the user first allows the agent something. */
  readonly firstPage: { readonly heading: string | RegExp; readonly text: string };
  readonly agentOnPage: (stack: TestStack) => string;
  readonly approver: string;
  /** Statuses of its messages. */
  readonly statuses: (string | undefined)[];
  /** Reads them on the page. */
  readonly readMessages: () => Promise<void>;
}

const FEBRUARY: Dialect = {
  modes: {},
  pictures: "",
  // The agent asks the auth server for the user; the user consents to that once.
  firstPage: { heading: "Agent authorization request", text: "An agent wants to know who you are" },
  agentOnPage: ({ urls }) => urls.backendAgent,
  approver: "mcp user, mcp@user.com",
  statuses: ["200", "401", undefined, "303", "201"],
  readMessages: () => readChallenge(),
};
const DRAFT_11: Dialect = {
  modes: { profile: "draft-11", mode: "person-server" },
  pictures: "draft-11-",
  firstPage: { heading: /^Let .* act for you at /, text: "" },
  agentOnPage: () => "An agent that acts for you",
  approver: "mcp-user",
  // The number of polls differs between runs.
  statuses: expect.arrayContaining(["401", "202", "201"]),
  readMessages: () => page.getByText("token request: auth-token").first().waitFor(WAIT),
};

let browser: Browser;
let stack: TestStack;
let watched: WatchedPage;
let page: Page;
/** Addresses the user's browser was sent to. */
const interactions: string[] = [];
const returns: string[] = [];

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

const order = (model = "Dell XPS") => orderOnPage(page, model);
const approvalPage = () => page.getByRole("heading", { name: "Approve this order?" }).waitFor(WAIT);
const outcome = (text: RegExp) => page.getByTestId("order-panel").getByText(text).waitFor(WAIT);
const messages = () => page.getByRole("link", { name: /^Message \d+ of / });

function usersOrders({ modes, pictures, firstPage, agentOnPage, approver, ...dialect }: Dialect): void {
  beforeAll(async () => {
    stack = await startStack({ modes: { ...modes, ui: true } });
    watched = await openPage(browser);
    page = watched.page;
    page.on("request", (request) => {
      if (INTERACTION.test(request.url())) interactions.push(request.url());
      if (request.url().includes("/auth/aauth/interaction?")) returns.push(request.url());
    });
    await page.setViewportSize({ width: 1280, height: 900 });
    await signInOnPage(page, stack.urls.ui);
  });
  afterAll(async () => {
    await watched?.context.close();
    await stack?.stop();
  });

  test("a user allows the agent, approves the order on the supply-chain agent's page, and it is placed", async () => {
    await order("MacBook Pro");
    await page.getByRole("heading", { name: firstPage.heading }).waitFor(WAIT);
    expect(await page.locator("main").textContent()).toContain(firstPage.text);
    await page.getByRole("button", { name: "Allow", exact: true }).click();
    // The browser continues by itself and is signed in there.
    await approvalPage();
    expect(new URL(page.url()).origin).toBe(stack.urls.supplyChainAgent);
    const text = await page.locator("main").textContent();
    const parts = [agentOnPage(stack), "40 × MacBook Pro, Apple", "$100,000", approver];
    for (const part of parts) expect(text).toContain(part);
    await expectAccessible(page, `${pictures}order-approval`);
    await screenshot(page, `${pictures}order-approval`, { fullPage: false });
    await page.getByRole("button", { name: "Approve" }).click();
    await outcome(new RegExp(`40 × MacBook Pro for \\$100,000, approved by ${approver}`));
    expect(new URL(page.url()).search).toBe("");
    await expectAccessible(page, `${pictures}order-placed`);
    await screenshot(page.getByTestId("order-panel"), `${pictures || "ui-"}order-placed`);
  });

  test("the order's messages are a picture: challenge, interaction, and the answer to the held order", async () => {
    await page.getByRole("link", { name: "Show the order’s messages" }).click();
    await page.getByRole("heading", { name: /^Every message of order/ }).waitFor(WAIT);
    const seen = async () =>
      (await messages().allTextContents()).map((text) => /status (\d+)/.exec(text)?.[1]);
    await expect.poll(seen, WAIT).toEqual(dialect.statuses);
    await dialect.readMessages();
    await page.evaluate("window.scrollTo(0, 0)");
    await screenshot(page, `${pictures}order-messages`, { fullPage: false });
    await page.getByRole("link", { name: "Back to the demo" }).click();
  });

  test("the next one asks only about the order; a user who goes back can continue, and a declined order is not placed", async () => {
    await order();
    await approvalPage();
    await page.goBack();
    await outcome(/40 × Dell XPS: waiting for your approval on the supply-chain agent’s page/);
    expect(await page.getByTestId("failure-panel").count()).toBe(0);
    await page.getByTestId("order-panel").getByRole("link", { name: "Continue" }).click();
    await approvalPage();
    await page.getByRole("button", { name: "Decline" }).click();
    await outcome(/you declined 40 × Dell XPS/);
  });
}

/** A challenge has an address, which does not contain the secret that opens the agent's page. */
async function readChallenge(): Promise<void> {
  await messages().nth(1).click(WAIT);
  const answers = page.getByTestId("message-answers");
  await answers.getByText(`It requires a user interaction at ${stack.urls.supplyChainAgent}/`).waitFor(WAIT);
  const address = page.url();
  expect(address).toMatch(/#\/orders\/[\w-]{36}\/messages\/[0-9a-f]{16}$/);
  for (const text of [await page.locator("main").textContent(), address])
    expect(text).not.toContain("session=");
  await page.evaluate("window.scrollTo(0, 0)");
  await page.setViewportSize({ width: 400, height: 900 });
  await page.emulateMedia({ colorScheme: "dark" });
  await screenshot(page, "order-messages-phone-dark", { fullPage: false });
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("about:blank");
  await page.goto(address);
  await answers.getByText("It requires a user interaction").waitFor(WAIT);
}

describe("an order of draft -11", () => {
  usersOrders(DRAFT_11);
});

describe("an order of February", () => {
  usersOrders(FEBRUARY);

  test("another user's order shows nothing", async () => {
    watched.expectComplaint(/status of 404/);
    await page.goto(`${stack.urls.ui}/#/orders/00000000-0000-4000-8000-000000000000`);
    await page.getByTestId("failure-panel").getByText("No such order").waitFor(WAIT);
    await page.getByRole("link", { name: "Back to the demo" }).click();
  });

  test("the way back is valid once", async () => {
    await page.goto(returns.at(-1)!);
    await page.getByTestId("failure-panel").getByText("unknown_request").waitFor(WAIT);
  });

  test("an order that cannot be is refused without an interaction", async () => {
    const before = interactions.length;
    const panel = page.getByTestId("order-panel");
    await unfold(page, "order-panel");
    await panel.getByRole("button", { name: "Show the catalogue" }).click();
    await panel.getByLabel("Quantity").fill("5000");
    await panel.getByRole("button", { name: /^Order for/ }).click();
    await panel.getByText("order_refused").waitFor(WAIT);
    expect(interactions).toHaveLength(before);
  });

  test("another user, and another browser, get nowhere with the address of a user's interaction", async () => {
    await page.reload();
    await order("HP EliteBook");
    await approvalPage();
    const address = interactions.at(-1)!;
    const other = await openPage(browser);
    other.expectComplaint(/status of 403/);
    watched.expectComplaint(/status of 403/);
    await other.page.goto(address);
    await other.page.getByText("It was started in another browser").waitFor(WAIT);

    await page.getByRole("button", { name: "Decline" }).click();
    await outcome(/you declined/);

    // The other user comes first: the interaction is bound to them, but not the decision.
    const { waiting } = await startOrder(stack);
    const stolen = waiting.interaction_url!;
    await other.page.goto(stolen);
    await signInForConsent(other.page, SECOND_USER);
    await decideConsent(other.page, "Allow");
    await other.page.getByText("You are not the person who must approve this order").waitFor(WAIT);
    await page.goto(stolen);
    await page.getByText("It was started in another browser").waitFor(WAIT);
  });
});
