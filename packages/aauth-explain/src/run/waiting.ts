/**
 * Deferred answers of draft -11 (section 11.8): the messages that poll for them, and the pages to
 * which a person is sent meanwhile.
 *
 * @module
 */

import { EVENT, SERVICE_NAME } from "./attribute-names.ts";
import { leavesAt, messageToPage } from "./interactions.ts";
import { whatIsAsked } from "./message-words.ts";
import { columnOfUrl } from "./parties.ts";
import type { Draft } from "./protocol-run.ts";
import { readRequirement } from "./requirement-field.ts";

/**
 * Suffix that turns the span id of the message that sent the browser away into the interaction's
 * id.
 */
const PAGE_SUFFIX = "fe";

/** Purpose of a message at a pending URL by its method. A POST states its purpose in the body. */
const AT_PENDING_URL: Readonly<Record<string, string>> = { GET: "poll", DELETE: "cancel" };

/**
 * The drafts in the order sent, with polls of pending URLs marked, and with a person's visit to
 * each page that an answer names.
 */
export function withWaits(drafts: readonly Draft[]): Draft[] {
  const inOrder = drafts.toSorted((one, other) => one.startMicros - other.startMicros);
  const locations = new Set(inOrder.map(locationOf));
  const marked = inOrder.map((draft): Draft => {
    const requestType = locations.has(hrefOf(draft)) ? AT_PENDING_URL[draft.method] : undefined;
    if (requestType === undefined) return draft;
    return { ...draft, requestType, what: whatIsAsked({ ...draft, requestType }) };
  });
  const seen = new Set<string>();
  const visits = marked.flatMap((sent): Visit[] => {
    const page = pageOf(sent);
    const place = locationOf(sent) ?? hrefOf(sent);
    if (page === undefined || seen.has(`${place} ${page}`)) return [];
    seen.add(`${place} ${page}`);
    return [{ sent, message: pageMessage(sent, { page, place }, marked) }];
  });
  return [...marked, ...visits.map((visit) => sentOn(visit, visits))];
}

/** A person's visit to a page, and the message whose answer named it. */
interface Visit {
  readonly sent: Draft;
  readonly message: Draft;
}

/**
 * The visit as redirected by the caller's page. The caller of an agent that waits shows its own
 * page, which redirects the person.
 */
function sentOn({ sent, message }: Visit, visits: readonly Visit[]): Draft {
  const before = visits.find(
    ({ message: other }) => other.to === sent.from && other.endMicros >= message.startMicros,
  )?.message;
  if (before === undefined) return message;
  const startMicros = before.startMicros + 1;
  const what = "sent on to the page of the interaction";
  return { ...message, what, startMicros, endMicros: Math.max(startMicros, message.endMicros) };
}

/**
 * A URL as normalized by the parser, like that of {@link locationOf}. On a span it may be
 * truncated.
 */
const hrefOf = ({ url }: Pick<Draft, "url">): string => URL.parse(url)?.href ?? url;

/** The absolute pending URL that an answer names. */
function locationOf({ signer, status, url, response }: Draft): string | undefined {
  const location = status === 202 && signer !== undefined ? response.headers?.location : undefined;
  return location === undefined ? undefined : URL.parse(location, url)?.href;
}

/** The page that a person has to visit; undefined if a person server takes them there. */
function pageOf({ from, signer, status, response, events }: Draft): string | undefined {
  if (status !== 202 || signer === undefined || from === SERVICE_NAME.personServer) return undefined;
  if (events.some(({ name, facts }) => name === EVENT.interactionRequired && facts.is_relayed === true)) {
    return undefined;
  }
  return readRequirement(response)?.url;
}

function pageMessage(
  sent: Draft,
  { page, place }: { readonly page: string; readonly place: string },
  drafts: readonly Draft[],
): Draft {
  const answered = drafts.find(
    ({ url, status, startMicros }) =>
      hrefOf({ url }) === place && status !== undefined && status !== 202 && startMicros >= sent.startMicros,
  );
  const left = leavesAt(sent, drafts, answered && { startMicros: answered.endMicros });
  // The person's own server is first asked to take them there.
  const handedBack = drafts.find(
    ({ from, outcome, startMicros, request }) =>
      from === sent.from &&
      outcome === "handed-back" &&
      startMicros >= sent.endMicros &&
      request.body?.includes(`"${page}"`) === true,
  );
  const startMicros = Math.max(left, handedBack?.endMicros ?? 0);
  return messageToPage(sent, "person", {
    id: `${sent.id}${PAGE_SUFFIX}`,
    startMicros,
    endMicros: Math.max(startMicros, answered?.endMicros ?? 0),
    to: columnOfUrl(page, "user", "draft-11"),
    url: page,
    what: "sent to the page of the interaction",
    outcome: answered === undefined ? "pending" : "accepted",
  });
}
