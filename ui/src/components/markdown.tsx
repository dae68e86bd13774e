import { Typography } from "@mantine/core";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { ScrollBox } from "./scroll-box.tsx";

// An agent's text appears below this page's headings, so its own headings move two levels down.
const components: Components = {
  h1: "h3",
  h2: "h4",
  h3: "h5",
  h4: "h6",
  // Script URLs are emptied, and an empty link would open this page again.
  a: ({ href, children }) =>
    href ? (
      <a href={href} target="_blank" rel="noreferrer noopener">
        {children}
      </a>
    ) : (
      children
    ),
  table: ({ children }) => (
    <ScrollBox label="Table">
      <table>{children}</table>
    </ScrollBox>
  ),
  pre: ({ children }) => (
    <ScrollBox label="Code" kind="code">
      <pre>{children}</pre>
    </ScrollBox>
  ),
};

/**
 * Untrusted Markdown from an agent: raw HTML is shown as text, script URLs are removed, and images
 * are omitted because fetching one would notify its host.
 */
export default function Markdown({ text }: { text: string }) {
  return (
    <Typography className="agent-markdown">
      <ReactMarkdown remarkPlugins={[remarkGfm]} components={components} disallowedElements={["img"]}>
        {text}
      </ReactMarkdown>
    </Typography>
  );
}
