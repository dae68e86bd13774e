import { applicationLinks, html, type Page, renderPage, type Site } from "issuer-kit";
/**
 * Page for entering the code that an agent has shown its user. `problem` is shown above the field
 * and announced by screen readers.
 */
export function codePage(options: {
  site: Site;
  action: string;
  /** Single-use value that binds a code to this page, this user and this browser. */
  consentCode: string;
  /** The code tried before, and where the browser goes after the decision. */
  code?: string;
  callback?: string | undefined;
  grantedUrl: string;
  grantedName: string;
  problem?: string;
}): Page {
  const { site, action, consentCode, code = "", callback, grantedUrl, grantedName, problem } = options;
  const content = html`<h1>Enter the code</h1>
<p class="lead">Your agent shows it. It is valid once, for one request.</p>
${problem === undefined ? undefined : html`<p class="alert" role="alert" id="problem">${problem}</p>`}
<form method="post" action="${action}">
<input type="hidden" name="consent_code" value="${consentCode}">
${callback === undefined ? undefined : html`<input type="hidden" name="callback" value="${callback}">`}
<label for="code">Code</label>
<input id="code" name="code" value="${code}" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="40" required autofocus${
    problem === undefined ? undefined : html` aria-describedby="problem"`
  }>
<div class="buttons"><button type="submit">Continue</button></div>
</form>
<p class="note"><a href="${grantedUrl}">${grantedName}</a></p>${problem === undefined ? undefined : applicationLinks(site)}`;
  const title = problem === undefined ? "Enter the code" : "The code is not valid";
  return renderPage({ title, content, site });
}
