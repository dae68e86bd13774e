import { type Application, applicationsOf } from "../realm/applications.ts";
import { type Realm, shownName } from "../realm/realm.ts";
import { html } from "./html.ts";
import { type Page, renderPage } from "./page.ts";

/** A page about an error. It leads to the realm's applications: no such page is the end of the way. */
export function errorPage(realm: Realm, message: { title: string; text: string; code?: string }): Page {
  return messagePage({ realmName: shownName(realm), applications: applicationsOf(realm), ...message });
}

/** A page that only says something: an error, or that the sign-out is done. */
export function messagePage(options: {
  realmName: string;
  title: string;
  text: string;
  /** Error code for whoever looks into it. */
  code?: string;
  /** Where the person can go on. */
  applications?: readonly Application[];
}): Page {
  const { realmName, title, text, code, applications = [] } = options;
  const content = html`<h1>${title}</h1>
<p class="lead">${text}</p>
${applications.map(
  ({ name, url }) => html`<p><a href="${url}">Go to ${name}</a></p>
`,
)}${code === undefined ? undefined : html`<p class="note">Error code: <code>${code}</code></p>`}`;
  return renderPage({ title, content, realmName });
}
