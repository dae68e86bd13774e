import type { AgentIdentity, AskedRequest } from "aauth/server";
import { displayText } from "agent-kit/service";
import { decisionFields, type Html, html, type Page, renderPage, type Site } from "issuer-kit";
import type { DescribedProvider } from "../decisions/describe-provider.ts";
import type { ShownPolicy } from "../policy.ts";
import { missionQuestion } from "./mission-terms.ts";
import { calledByItself, hostOf, visibleLines } from "./words.ts";

/**
 * Asks a signed-in user to decide on an agent's request to a person server (draft -11, section
 * 7.4), or an owner to decide on its request to an access server.
 */
export function personRequestPage(options: {
  site: Site;
  userName: string;
  request: AskedRequest;
  /** Name and logo that the agent's provider publishes. */
  provider: DescribedProvider;
  action: string;
  /** Single-use value that binds a decision to this page, this user and this browser. */
  consentCode: string;
  /** Access that the server grants without asking once this is allowed. */
  policy: ShownPolicy | undefined;
  /** Host that the user returns to, if any. */
  returnsTo: string | undefined;
  formOrigins: readonly string[];
  grantedUrl: string;
  grantedName: string;
  /** Shown at the top, and announced by screen readers. */
  notice?: string | undefined;
  /** Question that the agent has not answered yet. */
  openQuestion?: string | undefined;
}): Page {
  const { site, userName, request, provider, action, consentCode, returnsTo, formOrigins, grantedUrl } =
    options;
  const { grantedName, notice, openQuestion, policy } = options;
  const isOwner = request.personServer !== undefined;
  const becomesYours = request.person === undefined && !isOwner;
  const { calledBy } = request;
  const [agentHost, resourceHost] = [hostOf(request.agent.iss), hostOf(request.resource)];
  const agentName = calledByItself(provider.name, agentHost);
  const resourceName = calledByItself(displayText(request.fromResource.name), resourceHost);
  const question = missionQuestion(request, agentName);
  const title =
    question?.title ??
    (request.kind === "person-token"
      ? `Let ${agentName} act for you at ${resourceName}?`
      : isOwner
        ? `Let ${agentName} use your ${resourceName}?`
        : `Let ${agentName} do this for you at ${resourceName}?`);
  const content = html`<h1>${title}</h1>
<p class="lead">An agent of ${agentHost}${question === undefined ? `, for ${resourceHost}` : undefined}. You are signed in as <strong>${userName}</strong>${isOwner ? ", an owner at this access server" : undefined}.</p>
${
  notice === undefined
    ? undefined
    : html`<p class="alert" role="alert">${notice}</p>
`
}<dl class="terms">
${
  question?.terms ??
  html`<dt>What it may do</dt>
<dd>${permissions(request)}</dd>
${policy && policyWords(request, policy)}<dt>For how long</dt>
<dd>${
    isOwner
      ? "For one token. You are asked again for the next one. To undo it, revoke it"
      : html`Until you revoke it${calledBy && html`, whenever <code>${calledBy.agent.sub}</code> calls it`}`
  } under <a href="${grantedUrl}">${grantedName}</a>.${isOwner ? undefined : " You are not asked again for the same."}${becomesYours ? " It acts for no one else." : undefined}</dd>
`
}</dl>
<form method="post" action="${action}" aria-label="Your decision">
${question?.fields}${decisionFields(consentCode)}
</form>
${agentWords(request, openQuestion)}
${questionForm(request, { action, consentCode, openQuestion })}${resourceWords(request)}${parties(request, provider, policy?.except)}${
  returnsTo === undefined
    ? undefined
    : html`<p class="note">After your decision you return through the agent at <code>${returnsTo}</code>.</p>`
}`;
  return renderPage({ title, content, site, formOrigins, hasLogo: provider.logo !== undefined });
}

/** Text of what is allowed. A resource's descriptions of its scopes are marked as its words. */
function permissions({ kind, scopes, fromResource, upstream, resource, calledBy }: AskedRequest): Html {
  if (kind === "person-token")
    return html`Be known there as yours. The service can recognize you by an identifier that no other service gets. It does not learn your user name.`;
  const { scopeDescriptions = {} } = fromResource;
  const asked =
    scopes.length === 0
      ? html`Act for you, without a permission.`
      : html`<span class="said-by" id="permissions">In the words of <code>${resource}</code>:</span>
<ul class="scopes" aria-labelledby="permissions">
${scopes.map((scope) => {
  const described = displayText(
    Object.hasOwn(scopeDescriptions, scope) ? scopeDescriptions[scope] : undefined,
  );
  return html`<li>${described ?? "No description given"}<code>${scope}</code></li>
`;
})}</ul>`;
  return calledBy?.type === "person-token"
    ? html`${asked}So far, <code>${upstream}</code> knows you but may not act for you. Then its agent acts for you at <code>${resource}</code>.`
    : asked;
}

/** Text of what the server grants without asking once this is allowed. */
function policyWords({ resource }: AskedRequest, { resources, except, chain }: ShownPolicy): Html {
  const hosts = (names: readonly string[]) => names.map(hostOf).join(" and ");
  return html`<dt>What follows without a question</dt>
<dd>The same, and what it asks for, at ${hosts(resources)}.${
    chain.length === 0
      ? undefined
      : html` When it calls ${hostOf(resource)}, that agent may do the same at ${hosts(chain)}.`
  }${except.length === 0 ? undefined : " Some permissions are asked about in any case: see below."}</dd>
`;
}

/** Identifiers of the parties to the request, as verified. */
function parties(request: AskedRequest, provider: DescribedProvider, except: readonly string[] = []): Html {
  const { agent, subagent, upstream, calledBy, resource, accessServer, personServer, subject, account } =
    request;
  return html`<details>
<summary>Who is who, as verified</summary>
<dl>
${providerRow(provider)}${agentRow("Agent (verified)", agent)}${row("For its sub-agent", subagent)}${calledBy && agentRow("Called by an agent of yours", calledBy.agent)}${row(calledBy ? "Called as" : "Called by another agent, as", upstream)}${row("Resource (verified)", resource)}${row("Account there", displayText(account))}${row("Access server that decides, too", accessServer)}${row("Person server that asks", personServer)}${row("The person, as the resource knows them", subject)}${row("Asked about in any case", except.length === 0 ? undefined : except.join(", "))}</dl>
</details>
`;
}

function agentRow(name: string, { iss, sub }: AgentIdentity): Html {
  return html`<dt>${name}</dt>
<dd><code>${sub}</code><small>from <code>${iss}</code></small></dd>
`;
}

/** The provider's own description, marked as such. The identifier below it is verified. */
function providerRow({ name, logo }: DescribedProvider): Html | undefined {
  if (name === undefined) return undefined;
  return html`<dt>Agent of a provider that calls itself</dt>
<dd>${logo === undefined ? undefined : html`<img class="logo" src="${logo}" alt=""> `}<strong>“${name}”</strong></dd>
`;
}

function row(name: string, value: string | undefined): Html | undefined {
  return value === undefined
    ? undefined
    : html`<dt>${name}</dt>
<dd><code>${value}</code></dd>
`;
}

function resourceWords({ resource, fromResource }: AskedRequest): Html | undefined {
  const description = displayText(fromResource.description);
  if (description === undefined) return undefined;
  return html`<section class="says" aria-labelledby="resource-says">
<h2 id="resource-says">What the service says</h2>
<p class="said-by">In the words of <code>${resource}</code>, which publishes them.</p>
<p>${description}</p>
</section>
`;
}

/** Shows the agent's words verbatim and attributed to the agent, never as markup or links. */
function agentWords({ fromAgent, agent, proposal }: AskedRequest, openQuestion: string | undefined): Html {
  const { justification, platform, device, answers } = fromAgent;
  const hasOwnWords = (fromAgent.description ?? proposal) !== undefined;
  const where = [platform, displayText(device)].filter((text) => text !== undefined).join(", ");
  return html`<section class="says by-agent" aria-labelledby="agent-says">
<h2 id="agent-says">What the agent says</h2>
<p class="said-by">In the words of <code>${agent.sub}</code>. No one has checked them.</p>
${justification === undefined ? html`<p>It gave no ${hasOwnWords ? "other " : undefined}reason.</p>` : html`<blockquote>${visibleLines(justification)}</blockquote>`}
${
  where === ""
    ? undefined
    : html`<p>It says that it runs on: ${where}</p>
`
}${answers.map(
  ({ question, answer }) => html`<p class="asked"><span>You asked:</span> ${visibleLines(question)}</p>
<blockquote><span class="hidden">The agent answers: </span>${visibleLines(answer)}</blockquote>
`,
)}${
  openQuestion === undefined
    ? undefined
    : html`<p class="asked"><span>You asked:</span> ${visibleLines(openQuestion)}</p>
<p role="status">The agent has not answered yet. <a href="?">Refresh</a></p>
`
}</section>`;
}

function questionForm(
  { capabilities, kind }: AskedRequest,
  form: { action: string; consentCode: string; openQuestion: string | undefined },
): Html | undefined {
  const isRelayed = kind === "interaction" || kind === "payment" || kind === "question";
  if (isRelayed || !capabilities.includes("clarification") || form.openQuestion !== undefined)
    return undefined;
  return html`<form method="post" action="${form.action}" class="ask" aria-labelledby="ask">
<h2 id="ask">Not sure? Ask the agent</h2>
<input type="hidden" name="consent_code" value="${form.consentCode}">
<label for="question">Your question</label>
<textarea id="question" name="question" rows="2" maxlength="500" required></textarea>
<div class="buttons"><button type="submit" name="ask" value="yes" class="quiet">Ask</button></div>
</form>
`;
}
