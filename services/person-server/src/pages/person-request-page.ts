import type { AgentIdentity, AskedRequest } from "aauth/server";
import { displayText } from "agent-kit/service";
import { decisionFields, type Html, html, type Page, renderPage, type Site } from "issuer-kit";
import type { DescribedProvider } from "../decisions/describe-provider.ts";
import type { ShownPolicy } from "../policy.ts";

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
  const title =
    request.kind === "person-token"
      ? request.calledBy === undefined
        ? "An agent wants to be known as yours"
        : "An agent that your agent calls wants to be known as yours"
      : isOwner
        ? "An agent asks for access to your resource"
        : "An agent asks for your permission";
  const content = html`<h1>${title}</h1>
<p class="lead">You are signed in as <strong>${userName}</strong>${isOwner ? ", an owner at this access server" : undefined}.</p>
${
  notice === undefined
    ? undefined
    : html`<p class="alert" role="alert">${notice}</p>
`
}${parties(request, provider)}
${
  request.kind === "person-token"
    ? html`<p class="outcome">If you allow this, the resource can recognize you by an identifier that no other resource uses. It does not learn your user name.</p>
`
    : undefined
}${
  request.calledBy?.type === "person-token" && request.kind === "auth-token"
    ? html`<p class="outcome">So far, <code>${request.upstream}</code> knows you but may not act for you. If you allow this, its agent acts for you at <code>${request.resource}</code>.</p>
`
    : undefined
}${resourceWords(request)}
${agentWords(request, openQuestion)}
${policy && policyWords(request, policy)}<form method="post" action="${action}" aria-label="Your decision">
${decisionFields(consentCode)}
</form>
${questionForm(request, { action, consentCode, openQuestion })}<p class="note">${
    becomesYours
      ? "This agent does not act for anyone yet. If you allow this, it acts for you and for no one else until you revoke it. "
      : undefined
  }${
    isOwner
      ? "This covers one token. You will be asked again for the next one."
      : request.calledBy === undefined
        ? "You will not be asked again for the same access."
        : html`You will not be asked again for the same access whenever <code>${request.calledBy.agent.sub}</code> calls this agent.`
  } You can revoke it at any time under <a href="${grantedUrl}">${grantedName}</a>.${
    returnsTo === undefined
      ? undefined
      : html` In either case you return through the agent at <code>${returnsTo}</code>.`
  }</p>`;
  return renderPage({ title, content, site, formOrigins, hasLogo: provider.logo !== undefined });
}

function policyWords({ resource }: AskedRequest, { resources, except, chain }: ShownPolicy): Html {
  const codes = (names: readonly string[]) => names.map((name) => html`<code>${name}</code>`);
  return html`<section class="says" aria-labelledby="policy-says">
<h2 id="policy-says">What this server then grants by policy</h2>
<p class="said-by">Without asking you again.</p>
<ul class="scopes" aria-labelledby="policy-says">
<li>To this agent: to be known as yours, and every permission that it asks for, at${codes(resources)}</li>
${
  chain.length === 0
    ? undefined
    : html`<li>To the agent <code>${resource}</code> whenever this agent calls it: the same, at${codes(chain)}</li>
`
}${
  except.length === 0
    ? undefined
    : html`<li>Except these permissions, which you are asked about<code>${except.join(" ")}</code></li>
`
}</ul>
</section>
`;
}

/** Parties to the request, as verified. */
function parties(request: AskedRequest, provider: DescribedProvider): Html {
  const { agent, subagent, upstream, calledBy, resource, accessServer, personServer, subject, account } =
    request;
  return html`<dl>
${providerRow(provider)}${agentRow("Agent (verified)", agent)}${row("For its sub-agent", subagent)}${calledBy && agentRow("Called by an agent of yours", calledBy.agent)}${row(calledBy ? "Called as" : "Called by another agent, as", upstream)}${row("Resource (verified)", resource)}${row("Account there", displayText(account))}${row("Access server that decides, too", accessServer)}${row("Person server that asks", personServer)}${row("The person, as the resource knows them", subject)}</dl>`;
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

function resourceWords({ kind, resource, scopes, fromResource }: AskedRequest): Html {
  const { scopeDescriptions = {} } = fromResource;
  const name = displayText(fromResource.name);
  const description = displayText(fromResource.description);
  const words = html`${
    name === undefined
      ? undefined
      : html`<p>It calls itself “${name}”.</p>
`
  }${
    description === undefined
      ? undefined
      : html`<p>${description}</p>
`
  }`;
  const asked =
    kind === "person-token"
      ? name === undefined && description === undefined
        ? html`<p>It provides no description.</p>`
        : undefined
      : scopes.length === 0
        ? html`<p>It requests no permissions.</p>`
        : html`<p id="permissions">The agent would be permitted to:</p>
<ul class="scopes" aria-labelledby="permissions">
${scopes.map((scope) => {
  const described = displayText(
    Object.hasOwn(scopeDescriptions, scope) ? scopeDescriptions[scope] : undefined,
  );
  return html`<li>${described ?? "No description given"}<code>${scope}</code></li>
`;
})}</ul>`;
  return html`<section class="says" aria-labelledby="resource-says">
<h2 id="resource-says">What the resource says</h2>
<p class="said-by">In the words of <code>${resource}</code>, which publishes them.</p>
${words}${asked}
</section>`;
}

/** Shows the agent's words verbatim and attributed to the agent, never as markup or links. */
function agentWords({ fromAgent, agent }: AskedRequest, openQuestion: string | undefined): Html {
  const { justification, platform, device, answers } = fromAgent;
  const where = [platform, displayText(device)].filter((text) => text !== undefined).join(", ");
  return html`<section class="says by-agent" aria-labelledby="agent-says">
<h2 id="agent-says">What the agent says</h2>
<p class="said-by">In the words of <code>${agent.sub}</code>. No one has checked them.</p>
${justification === undefined ? html`<p>It gave no reason.</p>` : html`<blockquote>${visibleLines(justification)}</blockquote>`}
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
  { capabilities, resource }: AskedRequest,
  form: { action: string; consentCode: string; openQuestion: string | undefined },
): Html | undefined {
  if (resource === undefined || !capabilities.includes("clarification") || form.openQuestion !== undefined)
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

/**
 * Keeps line breaks, and removes characters that are invisible or change the direction of the
 * surrounding text.
 */
function visibleLines(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(/[^\P{C}\n\t]/gu, "");
}
