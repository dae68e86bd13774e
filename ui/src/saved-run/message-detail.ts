import {
  fromBase64,
  type SavedEvidence,
  type SavedFact,
  type SavedHttp,
  type SavedMessage,
  type SavedVerdict,
  type UsedKey,
} from "aauth-explain";
import { element } from "./elements.ts";

const STATES: Readonly<Record<SavedVerdict["state"], string>> = {
  verified: "✓ verified here",
  refused: "✕ refused here",
  recorded: "as recorded",
};

export const stateInWords = (state: SavedVerdict["state"]): string => STATES[state];

interface Place {
  readonly number: number;
  readonly nameOf: (party: string) => string;
}

/** Title of a message: derived from the signature if verified, otherwise from the record. */
export function titleOf(
  { from, to, what }: SavedMessage,
  { proven }: SavedVerdict,
  nameOf: Place["nameOf"],
): { readonly way: string; readonly what: string } {
  return proven === undefined
    ? { way: `${nameOf(from)} → ${nameOf(to)}`, what }
    : { way: `${proven.signer} → ${proven.authority}`, what: `${proven.method} ${proven.target}` };
}

/**
 * All data of a message. For a message verified here, the file author's own words appear only under
 * "What was recorded".
 */
export function messageDetail(message: SavedMessage, verdict: SavedVerdict, place: Place): HTMLElement {
  const { way, what } = titleOf(message, verdict, place.nameOf);
  return element(
    "div",
    {},
    element("h2", {}, `${place.number}. ${what}`),
    element("p", { class: "way" }, way),
    verdictOf(verdict),
    messageBody(message, verdict, recordedTitle(message, place)),
  );
}

/** Findings of this browser, if the file contains the complete message, and the recorded facts. */
export function messageBody(message: SavedMessage, verdict: SavedVerdict, title?: HTMLElement): HTMLElement {
  if (message.evidence === undefined) return recorded(message);
  return element(
    "div",
    {},
    judgedHere(message.evidence, verdict),
    folded("What was recorded", ...(title ? [title] : []), recorded(message)),
  );
}

const recordedTitle = ({ from, to, what }: SavedMessage, { nameOf }: Place) =>
  element("p", {}, `${nameOf(from)} → ${nameOf(to)}: ${what}`);

function verdictOf({ state, reason, atSeconds, tokenExpiresAt }: SavedVerdict): HTMLElement {
  const when = atSeconds === undefined ? "" : time(atSeconds);
  const expiry =
    tokenExpiresAt === undefined
      ? ""
      : tokenExpiresAt <= Date.now() / 1000
        ? ` Its token expired at ${time(tokenExpiresAt)}.`
        : ` Its token may still be valid with its key until ${time(tokenExpiresAt)}.`;
  const words = {
    verified: `Verified in this browser: signature, body and token are intact and signed with the keys below. The message was valid at ${when}.${expiry}`,
    refused: `Refused in this browser, regardless of the record. ${reason ?? ""}`,
    recorded:
      "Not verified again: the file does not contain the complete message. It is shown as its receiver recorded it.",
  };
  return element("p", { class: "verdict", "data-state": state }, words[state]);
}

function judgedHere(evidence: SavedEvidence, { explanation, proven }: SavedVerdict): HTMLElement {
  const { method, url, headers, body } = evidence;
  const { checks = [], tokens = [], signatureBase } = explanation ?? {};
  const start = proven ? `${proven.method} ${proven.authority}${proven.target}` : `${method} ${url}`;
  return element(
    "div",
    {},
    checks.length > 0 && element("h3", {}, "Checks made here"),
    element(
      "ul",
      { class: "checks" },
      ...checks
        .filter(isJudgedHere)
        .map(({ name, verdict, reason, section }) =>
          element(
            "li",
            { "data-verdict": verdict },
            `${SIGNS[verdict]} ${name}${reason === undefined ? "" : `: ${reason}`} `,
            element("small", {}, section),
          ),
        ),
    ),
    proven && element("h3", {}, "Keys used for verification"),
    proven && factList(proven.keys.map(keyFact)),
    ...tokens.map(({ where, claims = {} }) => folded(tokenTitle(where), block(indented(claims)))),
    signatureBase && folded("Signature base", block(signatureBase.ours ?? signatureBase.problem ?? "")),
    folded("Request", http({ start, headers: fieldsOf(headers), body: readable(body) })),
  );
}

/** Readers compare thumbprints, because the names come from the file. */
const keyFact = ({ id, kid, thumbprint }: UsedKey): SavedFact => ({
  name: id === undefined ? "Key of the signer" : `Key of ${id}${kid === undefined ? "" : `, kid ${kid}`}`,
  value: thumbprint,
});

/** Only the token that the request was signed with is verified. */
const tokenTitle = (where: string) =>
  where === "signature-key" ? `Token in ${where}` : `Token in ${where}, not verified`;

/** Whether a check can be made from a file. Replay and the route's requirement cannot. */
const isJudgedHere = ({ name }: { readonly name: string }) => name !== "replay" && name !== "requirement";

const SIGNS = { passed: "✓", failed: "✕", skipped: "–" } as const;

function recorded({
  sentence,
  facts,
  checks,
  request,
  response,
  status,
  outcome,
}: SavedMessage): HTMLElement {
  return element(
    "div",
    {},
    element("p", {}, sentence),
    factList([
      ...facts,
      { name: "Recorded outcome", value: status === undefined ? outcome : `${outcome}, status ${status}` },
    ]),
    checks.length > 0 &&
      folded(
        "Recorded checks",
        element(
          "ul",
          { class: "checks" },
          ...checks.map(({ party, name, verdict, reason }) =>
            element("li", {}, `${party}: ${name} ${verdict}${reason === undefined ? "" : `: ${reason}`}`),
          ),
        ),
      ),
    request && folded("Request, with truncated values", http(request)),
    response && folded("Response, with truncated values", http(response)),
  );
}

const fieldsOf = (headers: Readonly<Record<string, string>>): SavedFact[] =>
  Object.entries(headers).map(([name, value]) => ({ name, value }));

const factList = (facts: readonly SavedFact[]) =>
  element(
    "dl",
    {},
    ...facts.flatMap(({ name, value }) => [element("dt", {}, name), element("dd", {}, value)]),
  );

const block = (text: string) => element("pre", { tabindex: "0" }, text);

export const http = ({ start, headers, body }: SavedHttp) =>
  block([start, ...headers.map(({ name, value }) => `${name}: ${value}`), "", body ?? ""].join("\n").trim());

export const folded = (title: string, ...content: HTMLElement[]) =>
  element("details", {}, element("summary", {}, title), ...content);

const indented = (value: unknown) => JSON.stringify(value, null, 2);

function readable(body: string): string {
  try {
    return new TextDecoder().decode(fromBase64(body));
  } catch {
    return "(It cannot be read.)";
  }
}

export const time = (seconds: number): string => new Date(seconds * 1000).toLocaleString();
