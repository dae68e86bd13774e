import { applicationLinks, html, type Page, renderPage, type Site } from "issuer-kit";

/** Page for a person who may not decide on a request. Another user can sign in from here. */
export function otherUserPage(options: {
  site: Site;
  title: string;
  text: string;
  userName: string;
  /** Action of a form without fields, which ends the session and returns to this page. */
  switchAction: string;
  /** Link back to the page before this one; default: the applications. */
  back: readonly [href: string, name: string] | undefined;
}): Page {
  const { site, title, text, userName, switchAction, back } = options;
  const content = html`<h1>${title}</h1>
<p class="lead">You are signed in as <strong>${userName}</strong>.</p>
<p>${text}</p>
<form method="post" action="${switchAction}">
<div class="buttons"><button type="submit">Switch user</button></div>
</form>
<div class="note">${back === undefined ? applicationLinks(site) : html`<p><a href="${back[0]}">${back[1]}</a></p>`}</div>`;
  return renderPage({ title, content, site });
}
