import { html } from "./html.ts";
import { type Page, renderPage } from "./page.ts";

/** Takes the code that an agent has shown its user. `problem` is shown above the field and read out by screen readers. */
export function codePage(options: {
  realmName: string;
  action: string;
  grantedUrl: string;
  grantedName: string;
  problem?: string;
}): Page {
  const { realmName, action, grantedUrl, grantedName, problem } = options;
  const content = html`<h1>Enter the code</h1>
<p class="lead">Your agent shows it. It is for one request, and good once.</p>
${problem === undefined ? undefined : html`<p class="alert" role="alert" id="problem">${problem}</p>`}
<form method="get" action="${action}">
<label for="code">Code</label>
<input id="code" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="40" required autofocus${
    problem === undefined ? undefined : html` aria-describedby="problem"`
  }>
<div class="buttons"><button type="submit">Continue</button></div>
</form>
<p class="note"><a href="${grantedUrl}">${grantedName}</a></p>`;
  const title = problem === undefined ? "Enter the code" : "The code is not valid";
  return renderPage({ title, content, realmName });
}
