import { ATTRIBUTE, EVENT, SERVICE_NAME, SPAN } from "./attribute-names.ts";
import { columnOf } from "./parties.ts";
import type { Draft, Interaction, Message } from "./protocol-run.ts";
import { type TraceSpan, textAttribute } from "./trace-span.ts";

type Page = Interaction["page"];
type Exchange = Pick<
  Draft,
  "id" | "traceId" | "startMicros" | "endMicros" | "method" | "status" | "request" | "response"
>;

/** The backend's spans for returning browsers, in the trace of the work that sent them away. */
const RETURNS: Readonly<Record<string, Page>> = {
  [SPAN.consentReturned]: "consent",
  [SPAN.orderReturned]: "interaction",
};
/**
 * Suffix that turns the span id of the message that sent the browser away into the interaction's
 * id.
 */
const INTERACTION_SUFFIX = "ff";

/** Whether a span represents a returning browser, and from which page. */
export function interactionOf({ name }: TraceSpan): Interaction | undefined {
  const page = Object.hasOwn(RETURNS, name) ? RETURNS[name] : undefined;
  return page && { page, leg: "back" };
}

/** Message of a browser's return to the span's party. */
export function returnMessage(exchange: Exchange, span: TraceSpan, interaction: Interaction): Draft {
  const route = textAttribute(span.attributes, ATTRIBUTE.route) ?? "";
  const errorCode = textAttribute(span.attributes, ATTRIBUTE.errorCode);
  return {
    ...exchange,
    from: SERVICE_NAME.ui,
    to: columnOf(span.service),
    url: route,
    what: interaction.page === "consent" ? "back from the consent page" : "back from the agent’s page",
    purpose: "user",
    interaction,
    isReceived: true,
    outcome: span.isError ? "failed" : errorCode === undefined ? "accepted" : "refused",
    errorCode,
    verifiers: [],
    events: [],
  };
}

/**
 * Adds the interactions to the drafts. Pages record their own traces, which are not part of the
 * run: the answer that requires the user shows that the browser was sent there, and its return how
 * long it stayed.
 */
export function withInteractions(drafts: readonly Draft[]): Draft[] {
  const returns = drafts.filter(({ interaction }) => interaction?.leg === "back");
  const taken = new Set<Draft>();
  const interactions = drafts.flatMap((draft): Draft[] => {
    const page = pageWanted(draft);
    if (page === undefined) return [];
    const back = returns.find(
      (candidate) =>
        !taken.has(candidate) &&
        candidate.interaction?.page === page &&
        candidate.startMicros >= draft.endMicros,
    );
    if (back !== undefined) taken.add(back);
    return [interactionMessage(draft, page, leavesAt(draft, drafts, back), back)];
  });
  return [...drafts, ...interactions].sort((one, other) => one.startMicros - other.startMicros);
}

function interactionMessage(sent: Draft, page: Page, startMicros: number, back: Draft | undefined): Draft {
  return messageToPage(sent, page, {
    id: `${sent.id}${INTERACTION_SUFFIX}`,
    startMicros,
    endMicros: back?.startMicros ?? startMicros,
    to: sent.to,
    url: page === "interaction" ? (interactionUrl(sent) ?? "") : "",
    what: page === "consent" ? "sent to the consent page" : "sent to the agent’s own page",
    outcome: back === undefined ? "pending" : "accepted",
  });
}

/**
 * Message of a browser's redirect to a page, which has no span.
 *
 * @param sent message whose answer names the page
 */
export function messageToPage(
  { traceId }: Draft,
  page: Page,
  way: Pick<Draft, "id" | "startMicros" | "endMicros" | "to" | "url" | "what" | "outcome">,
): Draft {
  return {
    ...way,
    traceId,
    from: SERVICE_NAME.ui,
    method: "GET",
    purpose: "user",
    interaction: { page, leg: "there" },
    isReceived: false,
    request: {},
    response: {},
    verifiers: [],
    events: [],
  };
}

/**
 * Time when the browser leaves: with the answer to its request or, if that is unknown, when the
 * page is demanded.
 */
export function leavesAt(
  sent: Draft,
  drafts: readonly Draft[],
  back: Pick<Draft, "startMicros"> | undefined,
): number {
  const asked = drafts.findLast(
    ({ purpose, startMicros, endMicros }) =>
      purpose === "user" && startMicros <= sent.startMicros && endMicros >= sent.endMicros,
  );
  const leaves = (asked ?? sent).endMicros;
  return back === undefined || leaves < back.startMicros ? leaves : sent.endMicros;
}

function pageWanted(draft: Draft): Page | undefined {
  if (draft.events.some(({ name }) => name === EVENT.consentRequired)) return "consent";
  return interactionUrl(draft) === undefined ? undefined : "interaction";
}

/** The page that a challenge names for the user, without the query that gives access to it. */
export function interactionUrl({
  response,
  outcome,
}: Pick<Message, "response" | "outcome">): string | undefined {
  if (outcome !== "challenged") return undefined;
  const url = /(?:^|;)\s*user_interaction="([^"?#]*)/.exec(response.headers?.["agent-auth"] ?? "")?.[1];
  return url === "" ? undefined : url;
}
