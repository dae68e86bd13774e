import type { Result, Verdict } from "../suite/check.ts";
import type { Exchange } from "../suite/target.ts";
import { answerText, curlText, requestText, tokensText } from "./exchange-text.ts";
import { xml } from "./junit.ts";
import type { Report } from "./report.ts";

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --bad: #b3261e; --open: #8a5a00; --good: #1b6e3c; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff9a92; --open: #ffc766; --good: #7bdc9f; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; } td, th { padding: .25rem .75rem; border: 1px solid var(--line); text-align: left; }
details { border-top: 1px solid var(--line); padding: .5rem 0; } summary { cursor: pointer; }
summary b { display: inline-block; min-width: 7rem; }
.failed b { color: var(--bad); } .warning b, .inconclusive b { color: var(--open); } .passed b { color: var(--good); }
pre { overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; padding: .5rem; border: 1px solid var(--line); }
blockquote { margin: .5rem 0; padding-left: 1rem; border-left: 4px solid var(--line); }`;
const ORDER: readonly Verdict[] = ["failed", "inconclusive", "warning", "skipped", "passed"];

/** The report as a page without scripts and without anything to fetch. */
export function htmlText(report: Report): string {
  const { role, target, profile, startedAt, counts, results } = report;
  const heading = `${role}: ${target}`;
  const sections = ORDER.filter((verdict) => counts[verdict] > 0).map((verdict) => {
    const own = results.filter((result) => result.verdict === verdict);
    return `<h2 id="${verdict}">${verdict} (${own.length})</h2>\n${own.map((result) => resultHtml(result, report)).join("\n")}`;
  });
  const row = ORDER.map((verdict) => `<td><a href="#${verdict}">${counts[verdict]}</a></td>`).join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${xml(heading)} - aauth-conformance</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${xml(heading)}</h1>
<p>${xml(profile)}, ${xml(startedAt)}, ${results.length} checks. Signatures in the commands are valid for a minute.</p>
<table><thead><tr>${ORDER.map((verdict) => `<th scope="col">${verdict}</th>`).join("")}</tr></thead><tbody><tr>${row}</tr></tbody></table>
${sections.join("\n")}
</main>
</body>
</html>
`;
}

function resultHtml(result: Result, { address }: Report): string {
  const { id, verdict, title, reason, level, section, quote, exchanges, polarity } = result;
  const isOpen = verdict === "failed" ? " open" : "";
  // Passed checks and skipped ones need no evidence, which would make the page large.
  const shown = verdict === "passed" || verdict === "skipped" ? [] : exchanges;
  const sent = shown.filter(({ direction }) => direction === "sent");
  const twin = polarity === "refuse" && sent.length === 2 ? sent[0] : undefined;
  return `<details class="${verdict}" id="${xml(id)}"${isOpen}>
<summary><b>${verdict}</b> ${xml(id)} ${xml(title)}</summary>
${reason === undefined ? "" : `<p>${xml(reason)}</p>`}
<blockquote>${xml(quote)} <small>(${level}, section ${xml(section)})</small></blockquote>
${shown.map((exchange) => exchangeHtml(exchange, address, exchange === twin)).join("\n")}
</details>`;
}

function exchangeHtml(exchange: Exchange, address: string | undefined, isTwin: boolean): string {
  const { base } = exchange.message;
  const sent = isTwin ? "The valid twin, sent by the suite" : "Sent by the suite";
  const part = (name: string, text: string) =>
    text === "" ? "" : `<h4>${name}</h4><pre tabindex="0">${xml(text)}</pre>`;
  return [
    `<h3>${exchange.direction === "sent" ? sent : "Received by the suite"}</h3>`,
    part("Request", requestText(exchange)),
    part("Signature base", base ?? ""),
    part("Answer", answerText(exchange)),
    part("Tokens", tokensText(exchange)),
    exchange.direction === "sent" ? part("Again", curlText(exchange, address)) : "",
  ].join("\n");
}
