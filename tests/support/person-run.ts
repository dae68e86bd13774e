import { setTimeout as pause } from "node:timers/promises";
import { type Progress, progressSchema } from "backend-api";
import { MCP_USER, type Shown, textOf, User } from "../contract/auth-server/journey.ts";
import type { ApiUser } from "./optimization-run.ts";
import type { TestStack } from "./start-stack.ts";

const POLL_MS = 100;
const LONGEST_WAIT_MS = 30_000;

/** A page that a person was sent to, and where it sent them. */
export interface Visit {
  /** As the run named it. */
  readonly url: string;
  /** Text of the page. */
  readonly text: string;
  /** Address to which the browser returned after the decision. */
  readonly returnedTo: string | undefined;
}

/**
 * Follows a run of draft -11 to its end: its user goes to each page that it waits at, signs in and
 * decides.
 *
 * @param decide receives how many pages came before
 * @param before what else the user does at a page. Default: nothing
 */
export async function decideAtPages(
  user: Pick<ApiUser, "get">,
  run: Progress,
  decide: (visit: number) => "accept" | "cancel" = () => "accept",
  browser = new User(),
  before: (page: Shown) => Promise<Shown> = async (page) => page,
): Promise<{ readonly end: Progress; readonly visits: readonly Visit[] }> {
  const visits: Visit[] = [];
  const end = await endOf(user, run, async ({ consent_url: url }) => {
    if (url === undefined || visits.at(-1)?.url === url) return;
    const page = await before(await browser.openSignedIn(await lastStop(url), MCP_USER));
    const answer = await browser.decide(page, decide(visits.length));
    visits.push({ url, text: page.text, returnedTo: answer.headers.get("location") ?? undefined });
  });
  return { end, visits };
}

/**
 * The state of a run once it has ended.
 *
 * @param onState what its user does meanwhile. Default: nothing
 */
export async function endOf(
  user: Pick<ApiUser, "get">,
  { request_id }: Progress,
  onState?: (state: Progress) => Promise<void>,
): Promise<Progress> {
  const until = performance.now() + LONGEST_WAIT_MS;
  for (;;) {
    const state = progressSchema.parse(await (await user.get(`/optimization/progress/${request_id}`)).json());
    if (state.status === "completed" || state.status === "failed") return state;
    await onState?.(state);
    if (performance.now() > until) throw new Error(`the run is still ${state.status}`);
    await pause(POLL_MS);
  }
}

/**
 * Presses Revoke beside the first agent whose name begins so, on the person server's page of what a
 * person has granted.
 */
export async function revokeAtPage(
  { urls }: Pick<TestStack, "urls">,
  browser: User,
  agent: string,
): Promise<void> {
  const page = await browser.openSignedIn(`${urls.personServer}/granted`);
  const forms = page.text.match(/<form method="post"[\s\S]*?<\/form>/g) ?? [];
  const form = forms.find((text) => text.includes(`value="${agent}`));
  if (form === undefined) throw new Error(`${agent} has nothing: ${textOf(page)}`);
  const answer = await browser.submit({ ...page, text: form }, { revoke: "yes" });
  if (answer.status >= 400) throw new Error(`${answer.status} ${textOf(answer)}`);
}

/** Opens the page of a person's latest mission. */
export async function missionPage({ urls }: Pick<TestStack, "urls">, person: User): Promise<Shown> {
  const granted = await person.openSignedIn(`${urls.personServer}/granted`);
  const [, path] = /href="(\/missions\/[\w-]+)"/.exec(granted.text) ?? [];
  return person.openSignedIn(`${urls.personServer}${path}`);
}

/** Ends the person's latest mission on its page. */
export async function endMissionAtPage(stack: Pick<TestStack, "urls">, person: User): Promise<void> {
  const ended = await person.submit(await missionPage(stack, person), { end: "yes" });
  if (!ended.text.includes("It has ended: revoked")) throw new Error(textOf(ended));
}

/** The page of an agent sends a browser on to that of another party. */
async function lastStop(url: string): Promise<string> {
  if (new URL(url).hostname === "localhost") return url;
  const { headers } = await fetch(url, { redirect: "manual" });
  return headers.get("location") ?? url;
}
