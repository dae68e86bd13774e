import type { AskedRequest, Mission, MissionEntry } from "aauth/server";
import { type Html, html, LOCAL_TIMES, type Page, renderPage, type Site, timeOf } from "issuer-kit";
import { budgetOf } from "../missions/budget.ts";
import { actionWords, goalOf, termRows } from "./mission-terms.ts";
import { hostOf, visibleLines } from "./words.ts";

/** Entries of a log on one page. */
export const LOG_PAGE = 100;
const REFRESH_MS = 2_000;

/** What a person sees of a mission: its state and a page of its log. */
export interface ShownMission {
  readonly mission: Mission;
  readonly entries: readonly MissionEntry[];
  /** Number of the first entry. */
  readonly from: number;
  /** Sum of the permissions that count against the budget, in US dollars. */
  readonly spent: number;
}

/** A mission of the signed-in person, with its log, and buttons to pause and to end it. */
export function missionPage(
  shown: ShownMission,
  options: {
    readonly site: Site;
    readonly userName: string;
    readonly path: string;
    readonly grantedUrl: string;
    readonly grantedName: string;
    /** Single-use value that binds a decision to this page, this user and this browser. */
    readonly consentCode: string;
    /** Problem of the last action. */
    readonly problem?: string | undefined;
  },
): Page {
  const { site, userName, path, grantedUrl, grantedName, consentCode, problem } = options;
  const { mission, from } = shown;
  const title = goalOf(mission);
  const content = html`<h1>${title}</h1>
<p class="lead">You are signed in as <strong>${userName}</strong>.</p>
${
  problem === undefined
    ? undefined
    : html`<p class="alert" role="alert">${problem}</p>
`
}${mission.termination === undefined ? controls(mission, { path, consentCode }) : undefined}<div id="live" data-from="${path}/log?from=${from}">${liveMission(shown, path)}</div>
<details>
<summary>What you have approved</summary>
<dl class="terms">
${termRows(mission)}<dt>Agent (verified)</dt>
<dd><code>${mission.agent.sub}</code></dd>
</dl>
</details>
<p class="note"><a href="${path}/export" download>Download the mission with its log</a></p>
<p class="note"><a href="${grantedUrl}">${grantedName}</a></p>`;
  return renderPage({ title, content, site, script: LIVE, isLive: true });
}

/** The part of the page that changes while the agents act. */
export function liveMission({ mission, entries, from, spent }: ShownMission, path: string): Html {
  const budget = budgetOf(mission.description);
  const next = from + LOG_PAGE;
  return html`<p class="done" role="status">${stateOf(mission)}</p>
${
  budget === undefined
    ? undefined
    : html`<p><strong>${spent} of ${budget} USD</strong> spent or reserved.</p>
`
}<h2 id="log">What happened</h2>
<ul class="scopes" aria-labelledby="log">
${entries.map(
  (entry) => html`<li>${entry.n + 1}. ${entryWords(entry, mission)}<small>${timeOf(entry.at)}</small></li>
`,
)}</ul>
${
  from === 0
    ? undefined
    : html`<p class="note"><a href="${path}?from=${Math.max(0, from - LOG_PAGE)}">Earlier entries</a></p>
`
}${
  entries.length < LOG_PAGE
    ? undefined
    : html`<p class="note"><a href="${path}?from=${next}">Later entries</a></p>
`
}`;
}

function stateOf({ termination, isPaused, expiresAt }: Mission): Html {
  if (termination !== undefined)
    return html`It has ended: ${termination.reason}, at ${timeOf(termination.at)}. Nothing more is done under it.`;
  if (isPaused) return html`It is paused. You are asked about each request.`;
  return expiresAt === undefined
    ? html`It is active until you end it.`
    : html`It is active until ${timeOf(expiresAt)}.`;
}

function controls(
  { isPaused }: Mission,
  { path, consentCode }: { readonly path: string; readonly consentCode: string },
): Html {
  return html`<form method="post" action="${path}" aria-label="The mission">
<input type="hidden" name="consent_code" value="${consentCode}">
<div class="buttons">
<button type="submit" name="end" value="yes">End it</button>
<button type="submit" name="${isPaused ? "continue" : "pause"}" value="yes" class="quiet">${isPaused ? "Continue it" : "Pause it"}</button>
</div>
</form>
`;
}

/** An entry of a log, in a sentence. Agents' words are marked. */
function entryWords(entry: MissionEntry, mission: Mission): Html {
  switch (entry.type) {
    case "approved":
      return html`You approved the mission.`;
    case "paused":
      return html`You paused the mission.`;
    case "resumed":
      return html`You continued the mission.`;
    case "ended":
      return html`The mission ended: ${entry.reason}.`;
    case "updated":
      return html`The change is part of the mission.`;
    case "requested":
      return html`${requestWords(entry.request)}${
        entry.request.agent.sub === mission.agent.sub
          ? undefined
          : html` <code>${entry.request.agent.sub}</code>`
      }`;
    case "decided":
      return html`<strong>${entry.decision === "granted" ? "Granted" : "Refused"}</strong> by ${DECIDED_BY[entry.by]} (entry ${entry.of + 1})${entry.detail === undefined ? "." : `: ${entry.detail}.`}`;
    case "clarified":
      return html`You asked about entry ${entry.of + 1}: ${visibleLines(entry.question)}<blockquote>${visibleLines(entry.answer)}</blockquote>`;
    case "recorded":
      return html`The agent reports what it did:<blockquote>${visibleLines(
        actionWords({ name: entry.action, parameters: { ...entry.parameters, ...entry.result } }),
      )}</blockquote>`;
  }
}

const DECIDED_BY = { person: "you", policy: "your person server", server: "the access server" } as const;

function requestWords({ kind, resource, scopes, action, fromAgent }: AskedRequest): Html {
  const said = html`<blockquote>${visibleLines(fromAgent.description ?? "")}</blockquote>`;
  switch (kind) {
    case "person-token":
      return html`The agent asked to be known as yours at ${hostOf(resource)}.`;
    case "auth-token":
      return html`The agent asked to act at ${hostOf(resource)}${scopes.length === 0 ? "." : `: ${scopes.join(" ")}.`}`;
    case "permission":
      return html`The agent asked for a permission:<blockquote>${visibleLines(actionWords(action!))}</blockquote>`;
    case "mission-update":
      return html`The agent changes what it does:${said}`;
    case "mission-completion":
      return html`The agent says that the mission is complete:${said}`;
    default:
      return html`The agent asked for you at a page.`;
  }
}

/** Replaces the part that changes. A page in the background asks nothing. */
const LIVE = `${LOCAL_TIMES}
const live = document.getElementById("live");
setInterval(async () => {
  if (document.hidden) return;
  const answer = await fetch(live.dataset.from).catch(() => undefined);
  if (!answer?.ok || answer.redirected) return;
  const text = await answer.text();
  if (text === live.dataset.shown) return;
  live.dataset.shown = text;
  live.innerHTML = text;
  localTimes();
}, ${REFRESH_MS});`;
