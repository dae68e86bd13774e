import type { SavedAttack, SavedBearerSide, SavedVerdict } from "aauth-explain";
import { element } from "./elements.ts";
import { folded, http, messageBody } from "./message-detail.ts";

/** An attack with the verdict on its message. */
export interface JudgedAttack {
  readonly attack: SavedAttack;
  readonly verdict: SavedVerdict;
}

/** The attacks on a run: each on AAuth, and on a bearer token if made there, too. */
export function attackList(attacks: readonly JudgedAttack[]): HTMLElement {
  return element(
    "section",
    { class: "attacks", id: "attacks", "aria-label": "Attacks" },
    element("h2", {}, "Attacks on this run"),
    element(
      "p",
      {},
      "Statuses and descriptions are shown as recorded. This browser’s own findings begin with ✓ or ✕.",
    ),
    ...attacks.map(attackCard),
  );
}

function attackCard({ attack, verdict }: JudgedAttack): HTMLElement {
  const { title, what, bearer, aauth } = attack;
  return element(
    "article",
    {},
    element("h3", {}, title),
    element("p", { class: "what" }, what),
    element(
      "div",
      { class: "sides" },
      bearer && bearerSide(bearer),
      element(
        "div",
        { class: "side" },
        element("h4", {}, "AAuth"),
        element("p", { class: "outcome" }, `${aauth.status ?? "No status"}: ${aauth.sentence}`),
        element("p", { class: "found", "data-state": verdict.state }, foundHere(verdict)),
        folded("The message", messageBody(aauth, verdict)),
      ),
    ),
  );
}

/** For an attack, a refusal here confirms the recorded one. */
export function foundHere({ state, reason }: SavedVerdict): string {
  const words = {
    refused: `✕ Refused in this browser, too. ${reason ?? ""}`,
    verified:
      "✓ Signature and token are valid in this browser. The receiver’s reason for refusal lies outside the message: it was sent before, for example.",
    recorded: "Not verified again: the file does not contain the complete message.",
  };
  return words[state];
}

function bearerSide({ status, outcome, exchanges }: SavedBearerSide): HTMLElement {
  return element(
    "div",
    { class: "side" },
    element("h4", {}, "Bearer token"),
    element("p", { class: "outcome", "data-lost": String(status < 400) }, `${status}: ${outcome}.`),
    element("p", { class: "found", "data-state": "recorded" }, "Shown as recorded: no key can verify it."),
    folded(
      "The messages",
      ...exchanges.flatMap(({ sender, request, response }) => [
        element("p", { class: "sender" }, sender),
        http(request),
        http(response),
      ]),
    ),
  );
}
