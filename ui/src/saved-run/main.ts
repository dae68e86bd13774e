/**
 * Script of a saved run's page: reads the embedded data, verifies messages where possible, and
 * shows them. It makes no requests.
 */

import {
  DATA_ELEMENT_ID,
  KNOWN_PROFILES,
  SavedRunError,
  type SavedVerdict,
  unpackRun,
  verifySavedMessage,
} from "aauth-explain";
import "./viewer.css";
import { attackList, type JudgedAttack } from "./attacks.ts";
import { element } from "./elements.ts";
import { time } from "./message-detail.ts";
import { type JudgedRun, player } from "./player.ts";

async function judgedRun(): Promise<JudgedRun & { attacks: JudgedAttack[] }> {
  const run = await unpackRun(document.getElementById(DATA_ELEMENT_ID)?.textContent ?? "");
  const verdicts = await Promise.all(
    run.messages.map((message) => verifySavedMessage(message, KNOWN_PROFILES)),
  );
  const attacks = await Promise.all(
    run.attacks.map(async (attack) => ({
      attack,
      verdict: await verifySavedMessage(attack.aauth, KNOWN_PROFILES),
    })),
  );
  return { run, verdicts, attacks };
}

function page({ run, verdicts, attacks }: Awaited<ReturnType<typeof judgedRun>>): HTMLElement[] {
  const count = (state: SavedVerdict["state"]) =>
    verdicts.filter((verdict) => verdict.state === state).length;
  const refused = count("refused");
  const isVerified = count("verified") > 0;
  const { version, mode } = run.protocol;
  const spoken = `AAuth ${version}${mode === undefined ? "" : `, mode ${mode}`}`;
  return [
    element("h1", {}, `A run of ${spoken}`),
    element(
      "p",
      { class: "summary", "data-state": refused > 0 ? "refused" : isVerified ? "verified" : "recorded" },
      `${count("verified")} of ${verdicts.length} messages verified in this browser, ${refused} refused, ${count("recorded")} shown as recorded.`,
    ),
    attacks.length > 0 &&
      element("p", {}, element("a", { href: "#attacks" }, `${attacks.length} attacks on it`), " below."),
    element(
      "p",
      {},
      `Recorded as run ${run.requestId.slice(0, 8)}, saved ${time(run.savedAt)}. This page makes no request. Do not trust the verdicts of a file from someone else, because its script is theirs, too. Verify it with npm run explain, and compare the thumbprints of its keys with those that the parties publish.`,
    ),
    run.messages.length > 0 ? player({ run, verdicts }) : element("p", {}, "The file has no messages."),
    attacks.length > 0 && attackList(attacks),
  ].filter((made) => made !== false);
}

function problem(error: unknown): HTMLElement[] {
  const known =
    error instanceof SavedRunError ? `${error.code}: ${error.message}` : "The file cannot be shown.";
  return [
    element("h1", {}, "A run of AAuth"),
    element("p", { class: "summary", "data-state": "refused" }, known),
  ];
}

const TOO_OLD =
  "This browser is too old to open the file: it lacks DecompressionStream or WebCrypto. npm run explain does the same in a terminal.";

async function show(): Promise<void> {
  const canOpen = "DecompressionStream" in globalThis && globalThis.crypto?.subtle !== undefined;
  const content = canOpen ? await judgedRun().then(page).catch(problem) : [element("p", {}, TOO_OLD)];
  document.getElementById("run")?.replaceChildren(...content);
}

void show();
