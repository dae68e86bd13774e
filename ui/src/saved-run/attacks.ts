import {
  isRefusedAsRecorded,
  type SavedAttack,
  type SavedBearerSide,
  type SavedVerdict,
} from "aauth-explain";
import { element } from "./elements.ts";
import { folded, http, messageBody } from "./message-detail.ts";

/** An attack with the verdict on its message. */
export interface JudgedAttack {
  readonly attack: SavedAttack;
  readonly verdict: SavedVerdict;
}

/** A sentence, and the state whose colour it has. */
interface Found {
  readonly state: SavedVerdict["state"];
  readonly text: string;
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
  const found = foundHere(attack, verdict);
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
        element("p", { class: "found", "data-state": found.state }, found.text),
        folded("The message", messageBody(aauth, verdict)),
      ),
    ),
  );
}

/**
 * Describes the result of verifying an attack again. A refusal confirms the recorded one only if
 * the same check refuses.
 */
export function foundHere(attack: SavedAttack, verdict: SavedVerdict): Found {
  const { state, reason = "" } = verdict;
  if (state === "recorded")
    return { state, text: "Not verified again: the file does not contain the complete message." };
  if (attack.aauth.outcome !== "refused") {
    const found = state === "refused" ? `✕ Refused in this browser. ${reason}` : "✓ Valid in this browser.";
    return { state: "recorded", text: `Its receiver did not refuse it. ${found}` };
  }
  if (state === "verified") return { state, text: VALID_HERE };
  return isRefusedAsRecorded(attack, verdict)
    ? { state, text: `✕ Refused in this browser, too. ${reason}` }
    : { state: "recorded", text: `${REFUSED_OTHERWISE} ${reason}` };
}

const VALID_HERE =
  "✓ Its signature, and the token that it is signed with, are valid in this browser. Its receiver refuses it for a reason that this message alone does not show, such as an earlier copy of it, or what the route requires.";
const REFUSED_OTHERWISE =
  "Refused in this browser by a different check, because it is verified as of the time of its signature. The recorded reason is not confirmed.";

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
