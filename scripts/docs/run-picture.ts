/**
 * The recording of a run that the README shows: an animated SVG of each message of the recorded run
 * of the demo's default mode. `npm run check -- --write` draws it, and
 * `UPDATE_DOCS=1 npm run test:all -- walkthrough` records the run again.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { type Message, type ProtocolRun, readProtocolRun } from "aauth-explain/run";
import { traceOf } from "../../ui/src/features/compare/recording.ts";
import { REPOSITORY_ROOT } from "../demo/stack.ts";

const RECORDED = "ui/src/features/compare/recorded/autonomous.json";
const SECONDS_PER_MESSAGE = 0.8;
const SECONDS_AT_THE_END = 5;
/** Pixels of the picture: its width, the party columns, the words beside them, and the rows. */
const WIDTH = 960;
const FIRST_COLUMN = 56;
const COLUMN = 106;
const WORDS = 652;
const HEAD = 76;
const ROW = 36;

const STYLE = `svg{--ground:#fff;--ink:#1b2422;--soft:#5b6763;--line:#d5dbd7;--wash:#eef6f3;--good:#0b5d4d;--ask:#84500a;--bad:#a32626}
@media (prefers-color-scheme:dark){svg{--ground:#171f1d;--ink:#e3e9e6;--soft:#9aa9a3;--line:#35423d;--wash:#1d2d28;--good:#74c9b2;--ask:#e9bd72;--bad:#f2a09a}}
text{font:600 13px system-ui,"Segoe UI","Helvetica Neue",Arial,sans-serif;fill:var(--ink)}
path{fill:none}
.ground{fill:var(--ground);stroke:var(--line)}.life{stroke:var(--line);stroke-dasharray:2 4}.party{font-size:12.5px}
.row{--tone:var(--good)}.row[data-outcome=challenged],.row[data-outcome=waiting]{--tone:var(--ask)}
.row[data-outcome=refused],.row[data-outcome=failed]{--tone:var(--bad)}
.band{fill:var(--wash);opacity:0}.signed{stroke:var(--ink);stroke-width:2.2}.plain{stroke:var(--soft);stroke-width:1.4;stroke-dasharray:4 4}
.head,.pass{fill:var(--ink)}.mark{fill:var(--ground);stroke:var(--tone);stroke-width:2}.glyph{stroke:var(--tone);stroke-width:2}
.number{fill:var(--soft);font-size:12px}.outcome{fill:var(--tone);font-size:12px;font-weight:400}
`;

/** The recording as SVG, which shows all messages at once to readers who prefer reduced motion. */
export function runPicture(): string {
  const { parties, messages } = readProtocolRun([
    traceOf(JSON.parse(readFileSync(`${REPOSITORY_ROOT}${RECORDED}`, "utf8"))),
  ]);
  const height = HEAD + messages.length * ROW + 20;
  const xOf = (id: string) => FIRST_COLUMN + parties.findIndex((party) => party.id === id) * COLUMN;
  const label = `A run in ${messages.length} messages. Every call between agents is signed with the sender’s own key, and each token works for that key alone.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(label)}">
<!-- Drawn by npm run check -- --write from ${RECORDED}. -->
<style>
${STYLE}${movement(messages.length)}
</style>
<rect class="ground" width="${WIDTH}" height="${height}" rx="14"/>
${parties.map((party) => column(party, xOf(party.id), height - 20)).join("\n")}
${messages.map((message, index) => row(message, index, xOf)).join("\n")}
</svg>
`;
}

/** Keyframes that show each row and mark the newest one, repeatedly. */
function movement(count: number): string {
  const duration = count * SECONDS_PER_MESSAGE + SECONDS_AT_THE_END;
  const at = (seconds: number) => `${((100 * seconds) / duration).toFixed(2)}%`;
  const rows = Array.from({ length: count }, (_, index) => {
    const begin = index * SECONDS_PER_MESSAGE;
    const [from, to, next] = [at(begin), at(begin + 0.25), at(begin + SECONDS_PER_MESSAGE)];
    return `@keyframes m${index}{0%,${from}{opacity:0}${to},98%{opacity:1}100%{opacity:0}}
@keyframes b${index}{0%,${from}{opacity:0}${to}{opacity:1}${next},100%{opacity:0}}
.m${index}{animation-name:m${index}}.m${index} .band{animation-name:b${index}}`;
  });
  return `.row,.band{animation:${duration.toFixed(1)}s linear infinite}
${rows.join("\n")}
@media (prefers-reduced-motion:reduce){.row,.band{animation:none}}`;
}

function column({ name }: ProtocolRun["parties"][number], x: number, bottom: number): string {
  const [first = "", ...rest] = name.split(/ |(?<=-)/);
  const lines = [first, rest.join(" ")].filter(Boolean);
  const words = lines.map((line, index) => {
    const y = HEAD - 20 - (lines.length - 1 - index) * 15;
    return `<text class="party" x="${x}" y="${y}" text-anchor="middle">${escaped(line)}</text>`;
  });
  return `<path class="life" d="M${x} ${HEAD - 8}V${bottom}"/>${words.join("")}`;
}

function row(message: Message, index: number, xOf: (party: string) => number): string {
  const y = HEAD + index * ROW + ROW / 2;
  const [start, end] = [xOf(message.from), xOf(message.to)];
  const direction = Math.sign(end - start);
  const tip = end - direction * 10;
  const via = message.via === undefined ? start : xOf(message.via);
  const pass = (via - start) * (end - via) > 0 ? `<circle class="pass" cx="${via}" cy="${y}" r="3.5"/>` : "";
  const [request, answer] = inWords(message);
  return `<g class="row m${index}" data-outcome="${message.outcome}">
<rect class="band" x="1" y="${y - ROW / 2}" width="${WIDTH - 2}" height="${ROW}"/>
<path class="${message.signer === undefined ? "plain" : "signed"}" d="M${start} ${y}H${tip}"/>${pass}
<path class="head" d="M${tip} ${y}l${-8 * direction}-4.5v9z"/>
<circle class="mark" cx="${end}" cy="${y}" r="8"/><path class="glyph" d="M${end} ${y}${glyphOf(message)}"/>
<text class="number" x="${WORDS - 14}" y="${y + 4}" text-anchor="end">${message.number}</text>
<text x="${WORDS}" y="${y - 3}">${escaped(request)}</text>
<text class="outcome" x="${WORDS}" y="${y + 13}">${escaped(answer)}</text>
</g>`;
}

/** A tick, a cross, or a line for an answer that asks for more. */
function glyphOf({ outcome }: Message): string {
  if (outcome === "accepted") return "m-3.5 .2 2.5 2.5 4.5-5";
  return outcome === "refused" || outcome === "failed" ? "m-3-3 6 6m0-6-6 6" : "m-3.5 0h7";
}

/** A message in one plain sentence, and its answer in another. */
function inWords({ purpose, signer, status, outcome }: Message): [string, string] {
  if (purpose === "user") return ["The user presses the button", `${status}: the run begins`];
  if (purpose === "token")
    return ["Signed request for an auth token", `${status}: a token for this key alone`];
  const shown = signer?.token === undefined ? "" : " with an auth token";
  return [`Signed call${shown}`, `${status}: ${outcome === "challenged" ? "bring an auth token" : "served"}`];
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
