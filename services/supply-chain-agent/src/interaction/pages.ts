import { hash } from "node:crypto";
import { displayText } from "agent-kit/service";
import type { FastifyReply } from "fastify";
import { AGENTS, PARTY_COLOURS } from "topology";
import type { Order } from "../domain/order.ts";
import type { Decision, Person } from "./interactions.ts";

const STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f3f5f9, #0e1320); --card: light-dark(#fff, #171e2e); --line: light-dark(#d5dbe6, #2e384d);
  --text: light-dark(#172033, #e8ecf5); --muted: light-dark(#51607a, #a5b1c7); --field: light-dark(#8a94a6, #66728a);
  --accent: light-dark(${PARTY_COLOURS["supply-chain-agent"].join()}); --on-accent: light-dark(#fff, #0e1320); --wash: light-dark(#f1f8f5, #1a2b2a);
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; padding: 1rem; display: grid; place-items: center; background: var(--page);
  color: var(--text); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { width: 100%; max-width: 28rem; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-top: .35rem solid var(--accent); border-radius: 1rem; }
.brand { margin: 0 0 1.25rem; color: var(--accent); font-weight: 600; font-size: .95rem; }
h1 { margin: 0 0 .35rem; font-size: 1.45rem; line-height: 1.25; }
p { margin: 0 0 1rem; }
.lead, .note { color: var(--muted); }
.note { margin: 1.25rem 0 0; font-size: .85rem; }
dl { margin: 0; padding: .9rem 1rem; background: var(--wash); border-radius: .75rem; }
dt { color: var(--muted); font-size: .8rem; }
dd { margin: 0 0 .75rem; overflow-wrap: anywhere; }
dd:last-child { margin: 0; }
dd small { display: block; color: var(--muted); }
code { font: .85em/1.4 ui-monospace, "Liberation Mono", monospace; }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
button { flex: 1 1 9rem; min-height: 2.9rem; padding: .6rem 1rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent); border-radius: .6rem; }
button.quiet { color: var(--text); background: transparent; border-color: var(--field); }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;

/** A page to send. */
export interface Page {
  readonly status: number;
  readonly body: string;
  /** URL of an automatic redirect. */
  readonly continueTo?: string;
}

/** A line of the page: a name, and HTML. */
export type Fact = readonly [name: string, value: string];

/** Facts about an identified agent. @param name what it calls itself */
export function byAgent(agent: string, name: string | undefined): Fact {
  const shown = displayText(name);
  const called = shown === undefined ? "" : `<small>calls itself “${escaped(shown)}”</small>`;
  return ["Ordered by the agent (verified)", `<code>${escaped(agent)}</code>${called}`];
}

/**
 * Facts about an agent that has proven whom it acts for, but not its identity.
 *
 * @param provider agent provider that the order names
 */
export function byAgentOfPerson(personServer: string, provider: string | undefined): readonly Fact[] {
  const verified: Fact = [
    "Ordered by (verified)",
    `An agent that acts for you<small>according to <code>${escaped(personServer)}</code>, which does not name it</small>`,
  ];
  if (provider === undefined) return [verified];
  return [verified, ["The order says that it comes from", `<code>${escaped(provider)}</code>`]];
}

/** Asks an identified person whether an agent's order may be placed. */
export function approvalPage(options: {
  /** Action of the form. */
  action: string;
  orderedBy: readonly Fact[];
  order: Order;
  person: Person;
  session: string;
  formToken: string;
  returnUrl: string | undefined;
}): Page {
  const { action, orderedBy, order, person, session, formToken, returnUrl } = options;
  const facts: readonly Fact[] = [
    ...orderedBy,
    ["Order", `${order.quantity} × ${escaped(order.model)}, ${escaped(order.vendor)}`],
    ["Total", `$${order.total.toLocaleString("en-US")}`],
    ["You are", escaped([person.name, person.email].filter(Boolean).join(", ") || person.subject)],
  ];
  return page(
    200,
    "Approve this order?",
    `<p class="lead">The supply-chain agent needs your approval before it buys.</p>
<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join("")}</dl>
<form method="post" action="${action}">
<input type="hidden" name="session" value="${escaped(session)}">
${returnUrl === undefined ? "" : `<input type="hidden" name="return_url" value="${escaped(returnUrl)}">\n`}<input type="hidden" name="form_token" value="${escaped(formToken)}">
<div class="buttons">
<button type="submit" name="decision" value="approve">Approve</button>
<button type="submit" name="decision" value="decline" class="quiet">Decline</button>
</div>
</form>
${returnUrl === undefined ? "" : `<p class="note">Either way you return to <strong>${escaped(new URL(returnUrl).host)}</strong>.</p>`}`,
  );
}

/**
 * Shows the decision and returns automatically, with a link as the fallback. Without a return
 * address the browser stays.
 */
export function decidedPage(decision: Decision, returnUrl: string | undefined): Page {
  const title = decision === "approved" ? "Approved" : "Declined";
  if (returnUrl === undefined)
    return page(200, title, '<p class="lead">The application is notified. You can close this page.</p>');
  const text = `<p class="lead">Going back to <a href="${escaped(returnUrl)}">${escaped(new URL(returnUrl).host)}</a>…</p>`;
  return { ...page(200, title, text), continueTo: returnUrl };
}

/** Page of a failed interaction. Never redirects; a verified `returnUrl` is offered as a link. */
export function problemPage(status: number, text: string, returnUrl?: string): Page {
  const back =
    returnUrl === undefined
      ? ""
      : `\n<p><a href="${escaped(returnUrl)}">Go back to ${escaped(new URL(returnUrl).host)}</a></p>`;
  return page(status, "This interaction cannot continue", `<p class="lead">${escaped(text)}</p>${back}`);
}

export function sendPage(reply: FastifyReply, { status, body, continueTo }: Page): FastifyReply {
  return reply
    .code(status)
    .headers({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": `default-src 'none'; style-src 'sha256-${hash("sha256", STYLE, "base64")}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
      // The URL contains the session and must not be sent as a referrer.
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      // Not a redirect of the form: Chromium applies `form-action` to redirects, and the agent's
      // further redirects are unknown here.
      ...(continueTo !== undefined && { refresh: `1; url=${new URL(continueTo).href}` }),
    })
    .send(body);
}

function page(status: number, title: string, content: string): Page {
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · ${AGENTS["supply-chain-agent"].title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="brand">${AGENTS["supply-chain-agent"].title}</p>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`;
  return { status, body };
}

/** Escapes text for element content and double-quoted attributes. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
