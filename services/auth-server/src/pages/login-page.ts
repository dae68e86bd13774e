import { html, type Page, renderPage, type Site } from "issuer-kit";

/** The sign-in form. `problem` is shown above the fields and announced by screen readers. */
export function loginPage(options: {
  site: Site;
  /** Name of the client. */
  purpose: string;
  action: string;
  formOrigins: readonly string[];
  login?: string;
  problem?: string;
  /** Whether to show the public password of the demo's users. Default: false. */
  hasDemoUsers?: boolean;
}): Page {
  const { site, purpose, action, formOrigins, login = "", problem, hasDemoUsers = false } = options;
  const content = html`<h1>Sign in</h1>
<p class="lead">to continue to ${purpose}</p>
${problem === undefined ? undefined : html`<p class="alert" role="alert" id="problem">${problem}</p>`}
<form method="post" action="${action}">
<label for="username">User name or e-mail</label>
<input id="username" name="username" value="${login}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="255" required${
    problem === undefined ? html` autofocus` : html` aria-describedby="problem"`
  }>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="255" required${
    problem === undefined ? undefined : html` aria-describedby="problem" autofocus`
  }>
<div class="buttons"><button type="submit">Sign in</button></div>
</form>
${
  hasDemoUsers
    ? html`<p class="note">Users of this demo: <code>mcp-user</code> and <code>second-user</code>, each with password <code>user123</code>.</p>`
    : undefined
}`;
  return renderPage({
    title: problem === undefined ? "Sign in" : "Sign in failed",
    content,
    site,
    formOrigins,
  });
}
