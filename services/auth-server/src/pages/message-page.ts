import type { Application } from "../realm/applications.ts";
import { html } from "./html.ts";
import { type Page, renderPage } from "./page.ts";

/** A page that only says something: an error, or that the sign-out is done. */
export function messagePage(options: {
  realmName: string;
  title: string;
  text: string;
  /** Error code for whoever looks into it. */
  code?: string;
  /** Where the person can go on: no page about an error is the end of the way. */
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
