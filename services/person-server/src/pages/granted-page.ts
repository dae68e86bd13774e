import type {
  AgentIdentity,
  HeldTokenRecord,
  IssuedTokenRecord,
  Mission,
  WaitingRequest,
} from "aauth/server";
import { displayText } from "agent-kit/service";
import {
  applicationLinks,
  type Html,
  html,
  LOCAL_TIMES,
  type Page,
  renderPage,
  type Site,
  timeOf,
} from "issuer-kit";
import { goalOf } from "./mission-terms.ts";

/** Missions that the page lists. Links to others remain valid. */
const MAX_MISSIONS = 50;

/** A token that an agent holds: granted by the person, or issued by the access server. */
export type HeldToken = Pick<
  HeldTokenRecord,
  "type" | "agent" | "resource" | "scopes" | "account" | "exp" | "isRevoked" | "unconfirmed"
> &
  Partial<Pick<IssuedTokenRecord, "personServer">>;

/** Whether a token is listed: it is valid, or may still be accepted somewhere. */
export const isShown = ({ isRevoked, unconfirmed }: HeldToken): boolean =>
  !isRevoked || unconfirmed.length > 0;

/**
 * Grants, listed by agent with a button to revoke them, and the requests that await the user's
 * decision.
 */
export function grantedPage(options: {
  site: Site;
  title: string;
  /** Text where no agent has a token. */
  nothing: string;
  userName: string;
  action: string;
  /** Path of a waiting request, followed by its reference. */
  requestPath: string;
  /** Single-use value that binds a decision to this page, this user and this browser. */
  consentCode: string;
  tokens: readonly HeldToken[];
  waiting: readonly WaitingRequest[];
  /** The person's missions, and the path of one, followed by its digest. Default: none. */
  missions?: { readonly all: readonly Mission[]; readonly path: string } | undefined;
  /** Seconds that a request waits. */
  waitSeconds: number;
  /** Action of the sign-out form, which has no fields. */
  signOutPath: string;
  /** Outcome of the last action. */
  notice?: { readonly text: string; readonly isProblem: boolean } | undefined;
}): Page {
  const {
    site,
    title,
    nothing,
    userName,
    action,
    requestPath,
    consentCode,
    tokens,
    waiting,
    missions,
    waitSeconds,
    notice,
    signOutPath,
  } = options;
  const revoked = tokens.filter(({ isRevoked }) => isRevoked);
  const valid = tokens.filter(({ isRevoked }) => !isRevoked);
  const agents = Map.groupBy(valid, ({ agent }) => JSON.stringify([agent.iss, agent.sub]));
  const content = html`<h1>${title}</h1>
<p class="lead">You are signed in as <strong>${userName}</strong>.</p>
${
  notice === undefined
    ? undefined
    : notice.isProblem
      ? html`<p class="alert" role="alert">${notice.text}</p>
`
      : html`<p class="done" role="status">${notice.text}</p>
`
}${
  waiting.length === 0
    ? undefined
    : html`<h2 id="waiting">Waiting for you</h2>
<ul class="scopes" aria-labelledby="waiting">
${sameOnce(waiting).map((requests) => waitingEntry(requests, { requestPath, waitSeconds }))}</ul>
`
}${missions && missionSection(missions.all, missions.path)}${
  agents.size === 0
    ? html`<p>${nothing}</p>`
    : [...agents.values()].map((held, index) => agentSection(held, { index, action, consentCode }))
}${unconfirmedSection(revoked)}<form method="post" action="${signOutPath}" class="note">
<button type="submit" class="quiet">Sign out</button>
</form>
<div class="note">${applicationLinks(site)}</div>`;
  return renderPage({ title, content, site, script: LOCAL_TIMES });
}

/** The latest missions, with a link to each. */
function missionSection(missions: readonly Mission[], path: string): Html | undefined {
  if (missions.length === 0) return undefined;
  return html`<h2 id="missions">Missions</h2>
<ul class="scopes" aria-labelledby="missions">
${missions
  .slice(-MAX_MISSIONS)
  .reverse()
  .map(
    (mission) => html`<li><a href="${path}${mission.s256}">${goalOf(mission)}</a><small> ${
      mission.termination?.reason ?? (mission.isPaused ? "paused" : "active")
    }, approved at ${timeOf(mission.approvedAt)}</small></li>
`,
  )}</ul>
`;
}

/** Requests that ask for the same are one entry, the newest first in each. */
function sameOnce(waiting: readonly WaitingRequest[]): readonly (readonly WaitingRequest[])[] {
  const newestFirst = waiting.toSorted((one, other) => other.expiresAt - one.expiresAt);
  const groups = Map.groupBy(newestFirst, ({ request }) => {
    const { kind, agent, subagent, resource, scopes, account, personServer, subject, fromAgent } = request;
    const { accessServer, upstream, calledBy, page, question, proposal, action, mission } = request;
    const asked = [kind, agent.iss, agent.sub, subagent, resource, scopes, account, personServer, subject];
    const more = [accessServer, upstream, calledBy, page, question, proposal, action, mission?.s256];
    return JSON.stringify([...asked, ...more, fromAgent.justification, fromAgent.description]);
  });
  return [...groups.values()];
}

function waitingEntry(
  requests: readonly WaitingRequest[],
  { requestPath, waitSeconds }: { requestPath: string; waitSeconds: number },
): Html {
  const { reference, request, expiresAt } = requests[0] as WaitingRequest;
  const { kind, agent, resource, fromAgent, proposal } = request;
  const reason =
    displayText(fromAgent.justification ?? fromAgent.description) ?? (proposal && goalOf(proposal));
  const more = requests.length - 1;
  return html`<li><a href="${requestPath}${reference}">Decide on a ${kind === "mission" ? "mission" : "request"}</a><small>asked at ${timeOf(expiresAt - waitSeconds)}${
    more === 0 ? undefined : ` and ${more === 1 ? "once" : `${more} times`} before`
  }</small>${reason === undefined ? undefined : html`<blockquote>${shortened(reason)}</blockquote>`}<code>${agent.sub}</code>${resource === undefined ? undefined : html`<code>${resource}</code>`}</li>
`;
}

const shortened = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text);

function agentSection(
  held: readonly HeldToken[],
  { index, action, consentCode }: { index: number; action: string; consentCode: string },
): Html {
  const { agent } = held[0] as HeldToken;
  const id = `agent-${index}`;
  return html`<section class="says" aria-labelledby="${id}">
<h2 id="${id}"><code>${agent.sub}</code></h2>
<p class="said-by">from <code>${agent.iss}</code></p>
<ul class="scopes">
${latest(held).map(
  ({ type, resource, scopes, exp, personServer }) => html`<li>${
    type === "person-token"
      ? "Known as your agent"
      : personServer
        ? "May act for a person"
        : "May act for you"
  } at <code>${resource}</code>${scopes.length === 0 ? undefined : html`<code>${scopes.join(" ")}</code>`}${
    personServer === undefined ? undefined : html`<small>requested by <code>${personServer}</code></small>`
  }<small>token until ${timeOf(exp)}</small></li>
`,
)}</ul>
<p class="note">Its tokens are renewed until you revoke it. That also ends what other agents received through it.</p>
${revokeForm(agent, { id, action, consentCode })}</section>
`;
}

/** Revoked tokens whose revocation a party has not confirmed. */
function unconfirmedSection(revoked: readonly HeldToken[]): Html | undefined {
  const last = new Map<string, Html>();
  for (const { agent, unconfirmed, exp } of revoked.toSorted((a, b) => a.exp - b.exp)) {
    for (const { recipient, error } of unconfirmed) {
      const then =
        error === "revocation_unavailable" ? "It will be notified again." : "It does not support revocation.";
      last.set(
        JSON.stringify([agent.iss, agent.sub, recipient]),
        html`<li><code>${recipient}</code> may still serve <code>${agent.sub}</code><small>until ${timeOf(exp)} at the latest. ${then}</small></li>
`,
      );
    }
  }
  if (last.size === 0) return undefined;
  return html`<h2 id="unconfirmed">Revoked, but not confirmed</h2>
<ul class="scopes" aria-labelledby="unconfirmed">
${[...last.values()]}</ul>
`;
}

/** Keeps the token that expires last of several for the same access. */
function latest(held: readonly HeldToken[]): readonly HeldToken[] {
  const last = new Map<string, HeldToken>();
  for (const token of held) {
    const { type, resource, scopes, account = "", exp } = token;
    const key = JSON.stringify([type, resource, scopes, account]);
    if (exp >= (last.get(key)?.exp ?? 0)) last.set(key, token);
  }
  return [...last.values()];
}

function revokeForm(agent: AgentIdentity, form: { id: string; action: string; consentCode: string }): Html {
  return html`<form method="post" action="${form.action}">
<input type="hidden" name="consent_code" value="${form.consentCode}">
<input type="hidden" name="provider" value="${agent.iss}">
<input type="hidden" name="agent" value="${agent.sub}">
<div class="buttons"><button type="submit" name="revoke" value="yes" class="quiet" aria-describedby="${form.id}">Revoke</button></div>
</form>
`;
}
