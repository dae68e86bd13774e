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

/**
 * Names of a message: a verified one is called by what its signature proves, any other by what was
 * recorded.
 */
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
 * All that the file has of a message. Of one that was verified here, the words of the file's maker
 * stand under "What was recorded" alone.
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

/** What was found out here, where the file has the message whole, and what was recorded. */
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
        ? ` Its token has expired since, ${time(tokenExpiresAt)}.`
        : ` Its token may still be valid for its key, until ${time(tokenExpiresAt)}.`;
  const words = {
    verified: `Verified in this browser: signature, body and token are those that were signed, by the keys below. It was valid at ${when}.${expiry}`,
    refused: `Refused in this browser, whatever was recorded. ${reason ?? ""}`,
    recorded:
      "Not verified again: the file does not have this message whole. It shows what its receiver recorded.",
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
    proven && element("h3", {}, "Keys it was verified by"),
    proven && factList(proven.keys.map(keyFact)),
    ...tokens.map(({ where, claims = {} }) => folded(tokenTitle(where), block(indented(claims)))),
    signatureBase && folded("Signature base", block(signatureBase.ours ?? signatureBase.problem ?? "")),
    folded("Request", http({ start, headers: fieldsOf(headers), body: readable(body) })),
  );
}

/** Thumbprints are what a reader compares: names are the file's. */
const keyFact = ({ id, kid, thumbprint }: UsedKey): SavedFact => ({
  name: id === undefined ? "Key of the signer" : `Key of ${id}${kid === undefined ? "" : `, kid ${kid}`}`,
  value: thumbprint,
});

/** The verifier looks at the token that the request was signed with alone. */
const tokenTitle = (where: string) =>
  where === "signature-key" ? `Token in ${where}` : `Token in ${where}, not verified`;

/** Whether a request was sent before, and what its route demands, no file can know. */
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
        "Checks that were recorded",
        element(
          "ul",
          { class: "checks" },
          ...checks.map(({ party, name, verdict, reason }) =>
            element("li", {}, `${party}: ${name} ${verdict}${reason === undefined ? "" : `: ${reason}`}`),
          ),
        ),
      ),
    request && folded("Request, with values cut", http(request)),
    response && folded("Response, with values cut", http(response)),
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
