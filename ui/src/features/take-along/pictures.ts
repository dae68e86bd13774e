/**
 * Pictures of a run and of its attacks as SVG, for readers who have neither the page nor a script.
 * The README shows one, too.
 *
 * @module
 */

import type { Message, ProtocolRun } from "aauth-explain/run";

const SECONDS_PER_MESSAGE = 0.8;
const SECONDS_AT_THE_END = 5;
/** Pixels of the picture: its width, the party columns, the words beside them, and the rows. */
const WIDTH = 960;
const FIRST_COLUMN = 56;
const WIDEST_COLUMN = 106;
const LAST_COLUMN = 590;
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

/**
 * A run that plays: each message in turn, or all at once for readers who prefer reduced motion.
 *
 * @param origin where the picture comes from, as a comment in the file
 */
export function pictureOfRun({ parties, messages }: ProtocolRun, origin: string): string {
  const height = HEAD + messages.length * ROW + 20;
  const column = Math.min(WIDEST_COLUMN, (LAST_COLUMN - FIRST_COLUMN) / Math.max(1, parties.length - 1));
  const xOf = (id: string) =>
    FIRST_COLUMN + Math.round(parties.findIndex((party) => party.id === id) * column);
  return picture({
    height,
    label: `A run in ${messages.length} messages. Every call between agents is signed with the sender’s own key, and each token works for that key alone.`,
    origin,
    style: movement(messages.length),
    content: `${parties.map((party) => lifeline(party, xOf(party.id), height - 20)).join("\n")}
${messages.map((message, index) => row(message, index, xOf)).join("\n")}`,
  });
}

/** An attack in words, with its outcome on both routes. */
interface AttackDrawn {
  readonly title: string;
  /** The refusal in a few words; absent for a hole. */
  readonly refusal?: string;
  readonly bearer?: { readonly outcome: string };
}

const ATTACK_ROW = 34;

/** The table of attacks: each with its outcome on a bearer token and on AAuth. */
export function pictureOfAttacks(attacks: readonly AttackDrawn[], origin: string): string {
  const height = HEAD + attacks.length * ATTACK_ROW + 14;
  const cell = (x: number, y: number, text: string, tone: string) =>
    `<text class="outcome" data-tone="${tone}" x="${x}" y="${y}">${escaped(shortened(text, 46))}</text>`;
  return picture({
    height,
    label: `${attacks.length} attacks on a run, each with its outcome on a bearer token and on AAuth.`,
    origin,
    style: ".outcome[data-tone=good]{fill:var(--good)}.outcome[data-tone=bad]{fill:var(--bad)}",
    content: `<text x="24" y="44">Attack</text><text x="340" y="44">With a bearer token</text><text x="640" y="44">With AAuth</text>
${attacks
  .map(({ title, refusal, bearer }, index) => {
    const y = HEAD + index * ATTACK_ROW + 10;
    const cells = [
      `<path class="life" d="M24 ${y - 22}H${WIDTH - 24}"/><text x="24" y="${y}">${escaped(shortened(title, 44))}</text>`,
      bearer === undefined ? "" : cell(340, y, bearer.outcome, bearer.outcome === "refused" ? "good" : "bad"),
      cell(
        640,
        y,
        refusal?.split(";")[0] ?? "not refused: this is a hole",
        refusal === undefined ? "bad" : "good",
      ),
    ];
    return cells.join("");
  })
  .join("\n")}`,
  });
}

const shortened = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text;

function picture(of: {
  height: number;
  label: string;
  origin: string;
  style: string;
  content: string;
}): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${of.height}" role="img" aria-label="${escaped(of.label)}">
<!-- ${of.origin.replaceAll("--", "-")} -->
<style>
${STYLE}${of.style}
</style>
<rect class="ground" width="${WIDTH}" height="${of.height}" rx="14"/>
${of.content}
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

function lifeline({ name }: ProtocolRun["parties"][number], x: number, bottom: number): string {
  const lines = shortened(name, 40)
    .split(/ |(?<=-)/)
    .filter(Boolean)
    .slice(0, 3);
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

/** Kinds of tokens that a call brings, by their `typ`. */
const BROUGHT: Readonly<Record<string, string>> = {
  "aa-agent+jwt": "its agent token",
  "aa-person+jwt": "a person token",
};

/** A message in a few plain words, and its answer in others. */
function inWords(message: Message): [string, string] {
  const { purpose, signer, outcome, interaction, what } = message;
  const status = message.status ?? "no answer";
  if (interaction !== undefined)
    return interaction.leg === "back"
      ? ["The person comes back", "the run continues"]
      : ["The person is asked", "on the page of another party"];
  if (purpose === "user") return ["The user presses the button", `${status}: the run begins`];
  if (outcome === "waiting") return ["Signed request for a token", `${status}: a person decides first`];
  if (outcome === "refused" || outcome === "failed") return [shortened(what, 40), `${status}: ${outcome}`];
  if (purpose === "token" && outcome === "accepted")
    return ["Signed request for a token", `${status}: a token for this key alone`];
  if (signer === undefined) return [shortened(what, 40), String(status)];
  const kind = signer.token?.kind;
  const shown = kind === undefined ? "" : ` with ${BROUGHT[kind] ?? "an auth token"}`;
  return [`Signed call${shown}`, `${status}: ${outcome === "challenged" ? "bring a token" : "served"}`];
}

/** Without control characters, which XML does not allow. */
const escaped = (text: string): string =>
  text
    .replace(/\p{C}/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
