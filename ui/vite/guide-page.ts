import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { type ComponentProps, createElement as element, Fragment } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import ReactMarkdown, { type Components, type ExtraProps } from "react-markdown";
import remarkGfm from "remark-gfm";

const GUIDE = `${import.meta.dirname}/../../docs/guide.md`;
const STYLE = `${import.meta.dirname}/guide.css`;

/** `docs/guide.md` as a page without a script, with a list of its chapters. */
export function makeGuide(markdown = readFileSync(GUIDE, "utf8")): string {
  const options = { remarkPlugins: [remarkGfm], components: COMPONENTS };
  const article = renderToStaticMarkup(element(ReactMarkdown, options, markdown));
  const chapters = [...article.matchAll(/<h2 id="([^"]+)">(.*?)<\/h2>/gs)].map(
    ([, id, title]) => `<li><a href="#${id}">${title}</a></li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" type="image/svg+xml" href="/favicon.svg">
<title>Guide · AAuth demo</title>
<style>
${readFileSync(STYLE, "utf8").trim()}
</style>
</head>
<body>
<header><a href="/">AAuth demo</a><span>The guide, <code>docs/guide.md</code>. File names are those of the demo’s repository.</span></header>
<main>
<nav aria-label="Chapters"><ul>${chapters.join("")}</ul></nav>
<article>${article}</article>
</main>
</body>
</html>
`;
}

const COMPONENTS: Components = {
  h2: ({ node, children }) => element("h2", { id: slug(textOf(node)) }, children),
  h3: ({ node, children }) => element("h3", { id: slug(textOf(node)) }, children),
  a: Anchor,
  pre: Program,
  table: Table,
};

/**
 * A link within the page or to another site. A file of the repository is not served: it is named.
 */
function Anchor({ href = "", children }: ComponentProps<"a">) {
  if (/^(?:#|https:)/.test(href)) return element("a", { href }, children);
  const file = posix.join("docs", href.replace(/#.*/, ""));
  return element(Fragment, null, children, " (", element("code", null, file), ")");
}

/** A block of code under the name of its file. It scrolls sideways, by the keyboard, too. */
function Program({ node, children }: ComponentProps<"pre"> & ExtraProps) {
  const [code] = node?.children ?? [];
  const meta = code?.type === "element" ? code.data?.meta : undefined;
  const file = meta && meta !== "fragment" ? meta : undefined;
  return element(
    "figure",
    null,
    file && element("figcaption", null, file),
    element("pre", { tabIndex: 0, role: "region", "aria-label": file ?? "Code" }, children),
  );
}

function Table({ children }: ComponentProps<"table">) {
  const box = { className: "wide", tabIndex: 0, role: "region", "aria-label": "Table" };
  return element("div", box, element("table", null, children));
}

/** A node of the parsed Markdown, as far as its text needs it. */
interface TextNode {
  readonly value?: unknown;
  readonly children?: readonly object[];
}

function textOf(node: TextNode | undefined): string {
  if (typeof node?.value === "string") return node.value;
  return (node?.children ?? []).map((child) => textOf(child)).join("");
}

/** A heading's anchor, as the usual Markdown renderers make it. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}
