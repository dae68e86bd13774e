import type { AskedRequest, MissionTerms } from "aauth/server";
import { displayText } from "agent-kit/service";
import { type Html, html } from "issuer-kit";
import { budgetOf, withBudget, withoutBudget } from "../missions/budget.ts";
import { calledByItself, hostOf, visibleLines } from "./words.ts";

/** What a page asks a person about a mission. */
interface MissionQuestion {
  readonly title: string;
  /** Rows of a list of terms. */
  readonly terms: Html;
  /** Fields that the person may change before they allow it. */
  readonly fields?: Html;
}

/** Ends that a person can choose, in seconds after the approval; the second one is the default. */
const ENDS = [
  ["An hour", 3_600],
  ["A day", 86_400],
  ["A week", 604_800],
] as const;

/**
 * The question that a page asks about a mission or a permission (draft -11, sections 7.7 and 8);
 * undefined for other requests.
 */
export function missionQuestion(request: AskedRequest, agentName: string): MissionQuestion | undefined {
  const { kind, person, proposal, action, fromAgent, mission } = request;
  const said = html`<blockquote>${visibleLines(fromAgent.description ?? "")}</blockquote>`;
  const ofMission = mission && row("Part of the mission", goalOf(mission));
  switch (kind) {
    case "mission":
      return proposal && { title: `Start this mission with ${agentName}?`, ...proposed(proposal, person) };
    case "mission-update":
      return {
        title: `${agentName} changes what it does. Go on?`,
        terms: html`${ofMission}<dt>What changes</dt>
<dd>${said}</dd>
<dt>What stays</dt>
<dd>The budget, the end, and everything else that you have approved.</dd>
`,
      };
    case "mission-completion":
      return {
        title: `${agentName} says that the mission is complete`,
        terms: html`${ofMission}<dt>What was done</dt>
<dd>${said}</dd>
<dt>What follows</dt>
<dd>Allow, and the mission ends for good. Deny, and it goes on.</dd>
`,
      };
    case "permission":
      return (
        action && { title: `Let ${agentName} do this once?`, terms: html`${ofMission}${actionRow(action)}` }
      );
    default:
      return undefined;
  }
}

function proposed(
  proposal: NonNullable<AskedRequest["proposal"]>,
  person: string | undefined,
): Pick<MissionQuestion, "terms" | "fields"> {
  const budget = budgetOf(proposal.description);
  return {
    terms: html`${termRows(proposal)}<dt>What it asks you first</dt>
<dd>Everything else, except ${budget === undefined ? "what you have allowed before" : "what the budget covers"}.</dd>
<dt>For how long</dt>
<dd>Until the end that you choose, or until you end it before.${person === undefined ? " The agent acts for no one else." : undefined}</dd>
`,
    fields: html`${
      budget === undefined
        ? undefined
        : html`<label for="budget">Budget, in US dollars</label>
<input id="budget" name="budget" type="number" min="0" max="999999999" step="1" value="${budget}" required>
`
    }<label for="end">It ends after</label>
<select id="end" name="end">${ENDS.map(([name, seconds], index) => html`<option value="${seconds}"${index === 1 ? html` selected` : undefined}>${name}</option>`)}</select>
`,
  };
}

/** Rows with the terms of a mission. `about`: what its resources publish about themselves. */
export function termRows({
  description,
  tools,
  resources,
  about = {},
}: MissionTerms & Partial<Pick<NonNullable<AskedRequest["proposal"]>, "about">>): Html {
  const where = resources.map((id) => {
    const name = displayText(about[id]?.name);
    return html`<li>${calledByItself(name, hostOf(id))}<code>${hostOf(id)}</code></li>
`;
  });
  const uses = tools.map(
    ({
      name,
      description,
    }) => html`<li>${displayText(description) ?? "No description given"}<code>${name}</code></li>
`,
  );
  return html`<dt>The goal, in the agent’s words</dt>
<dd><blockquote>${visibleLines(withoutBudget(description))}</blockquote></dd>
<dt>Where it acts for you</dt>
<dd>${list(where, "Nowhere by itself.")}</dd>
<dt>What it does without asking</dt>
<dd>${list(uses, "Nothing.")}</dd>
`;
}

const list = (entries: readonly Html[], nothing: string): Html =>
  entries.length === 0
    ? html`${nothing}`
    : html`<ul class="scopes">
${entries}</ul>`;

/** The first line of a goal, as a name of the mission. */
export function goalOf({ description }: Pick<MissionTerms, "description">): string {
  const [first = ""] = visibleLines(withoutBudget(description)).split("\n");
  return first.length > 120 ? `${first.slice(0, 119)}…` : first;
}

function actionRow({ name, parameters = {} }: NonNullable<AskedRequest["action"]>): Html {
  return html`<dt>What it wants to do, in its own words</dt>
<dd>${visibleLines(actionWords({ name, parameters }))}</dd>
`;
}

/** An action with its parameters, in a line. */
export const actionWords = ({ name, parameters = {} }: NonNullable<AskedRequest["action"]>): string =>
  [name, ...Object.entries(parameters).map(([key, value]) => `${key}: ${textOf(value)}`)].join(", ");

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const row = (name: string, value: string): Html => html`<dt>${name}</dt>
<dd>${value}</dd>
`;

/**
 * The terms that a person has approved in the form of a proposal; `invalid` for fields that the
 * page does not offer.
 *
 * @param now Unix seconds
 */
export function approvedTerms(
  { proposal }: AskedRequest,
  form: ReadonlyMap<string, string>,
  now: number,
): MissionTerms | "invalid" | undefined {
  if (proposal === undefined) return undefined;
  const { description, tools, resources } = proposal;
  const seconds = ENDS.find(([, seconds]) => String(seconds) === form.get("end"))?.[1];
  const budget = /^\d{1,9}$/.exec(form.get("budget") ?? "")?.[0];
  const hasBudget = budgetOf(description) !== undefined;
  if (seconds === undefined || (hasBudget && budget === undefined)) return "invalid";
  return {
    description: hasBudget ? withBudget(description, Number(budget)) : description,
    tools,
    resources,
    expiresAt: now + seconds,
  };
}
