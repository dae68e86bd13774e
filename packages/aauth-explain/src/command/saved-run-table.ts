import { isoSeconds } from "../claim-meaning.ts";
import { KNOWN_PROFILES } from "../known-profiles.ts";
import { InputError } from "../read/input-error.ts";
import { MAX_SAVED_RUN_BYTES, partyNameIn, SavedRunError } from "../saved-run.ts";
import { readSavedRun } from "../saved-run-file.ts";
import {
  isRefusedAsRecorded,
  type SavedVerdict,
  type UsedKey,
  verifySavedMessage,
} from "../verify-evidence.ts";
import { visibleText } from "../visible-text.ts";

const WORDS: Readonly<Record<SavedVerdict["state"], string>> = {
  verified: "✓ verified",
  refused: "✕ REFUSED",
  recorded: "– recorded",
};
const COLOURS: Readonly<Record<SavedVerdict["state"], number>> = { verified: 32, refused: 31, recorded: 2 };
const LEGEND =
  "Verified: signature, body and token, by the keys below. Recorded: the words of the file's maker.";
const ATTACKS = "Attacks (statuses are recorded; in brackets what verifying the message again finds):";
const COMPARE = "Keys (RFC 7638 thumbprints), to be compared with those that the parties publish:";

interface SavedRunIo {
  readonly print: (text: string) => void;
  readonly colour: boolean;
  readonly json: boolean;
}

/**
 * Verifies a saved run as its own page does, and prints a table of its messages and the keys that
 * they were verified by. A verified message is called by what its signature proves.
 *
 * @returns the exit status: 1 where a message is refused, else 0
 * @throws InputError with the code of the file's error
 */
export async function explainSavedRun(input: Uint8Array, io: SavedRunIo): Promise<0 | 1> {
  const run = await readFile(input);
  const nameOf = (id: string) => partyNameIn(run, id);
  const rows = await Promise.all(
    run.messages.map(async (message, index) => {
      const { state, reason, atSeconds, proven } = await verifySavedMessage(message, KNOWN_PROFILES);
      const recorded = { from: nameOf(message.from), to: nameOf(message.to), what: message.what };
      return { number: index + 1, state, reason, signedAt: atSeconds, proven, recorded };
    }),
  );
  const attacks = await Promise.all(
    run.attacks.map(async (attack) => {
      const { title, aauth, bearer } = attack;
      const verdict = await verifySavedMessage(aauth, KNOWN_PROFILES);
      const isAsRecorded = isRefusedAsRecorded(attack, verdict);
      const recorded = {
        aauth: `${aauth.status ?? "no status"} ${aauth.outcome}`,
        ...(bearer && { bearer: `${bearer.status} ${bearer.outcome}` }),
      };
      return { title, state: verdict.state, reason: verdict.reason, isAsRecorded, recorded };
    }),
  );
  const counts = (["verified", "recorded", "refused"] as const).map(
    (state) => `${rows.filter((row) => row.state === state).length} ${state}`,
  );
  const table = rows.map(({ number, state, reason, signedAt, proven, recorded }) => {
    const word = WORDS[state].padEnd(10);
    const shown = io.colour ? `\u001b[${COLOURS[state]}m${word}\u001b[0m` : word;
    const why = reason === undefined ? "" : `: ${reason}`;
    const when = signedAt === undefined || state === "refused" ? "" : `, valid at ${isoSeconds(signedAt)}`;
    const title = proven
      ? `${proven.signer} → ${proven.authority}: ${proven.method} ${proven.target}`
      : `${recorded.from} → ${recorded.to}: ${recorded.what}`;
    return `${String(number).padStart(4)}  ${shown}  ${visibleText(`${title}${when}${why}`)}`;
  });
  const keys = rows.flatMap(({ proven }) => proven?.keys.map((key) => keyLine(key, proven.signer)) ?? []);
  const list = keys.length === 0 ? [] : [COMPARE, ...new Set(keys)];
  const { version, mode } = run.protocol;
  const spoken = `AAuth ${version}${mode === undefined ? "" : `, mode ${mode}`}`;
  const head = visibleText(`Run ${run.requestId}, ${spoken}: ${counts.join(", ")}`);
  if (io.json) io.print(visibleText(JSON.stringify({ protocol: run.protocol, messages: rows, attacks })));
  else io.print([head, ...table, LEGEND, ...attackLines(attacks), ...list].join("\n"));
  return rows.some(({ state }) => state === "refused") ? 1 : 0;
}

interface AttackRow {
  readonly title: string;
  readonly state: SavedVerdict["state"];
  readonly reason: string | undefined;
  /** Whether the recorded check refuses it here, too. */
  readonly isAsRecorded: boolean;
  /** Status and outcome on either side. */
  readonly recorded: { readonly aauth: string; readonly bearer?: string };
}

/** A refused attack is the expected outcome, so it is not counted against the run. */
function attackLines(attacks: readonly AttackRow[]): string[] {
  const lines = attacks.map(({ title, state, reason, isAsRecorded, recorded: { aauth, bearer } }) => {
    const same = aauth.endsWith(" refused") ? (isAsRecorded ? ", too" : " by another check") : "";
    const found = {
      refused: `refused here${same}: ${reason}`,
      verified: "valid by itself",
      recorded: "as recorded",
    };
    const beside = bearer === undefined ? "" : `; bearer token: ${bearer}`;
    return visibleText(`  ${title}: AAuth: ${aauth} (${found[state]})${beside}`);
  });
  return lines.length === 0 ? [] : [ATTACKS, ...lines];
}

const keyLine = ({ id, kid, thumbprint }: UsedKey, signer: string) =>
  visibleText(`  ${thumbprint}  ${id ?? signer}${kid === undefined ? "" : `, kid ${kid}`}`);

async function readFile(input: Uint8Array) {
  try {
    // A character is at least one byte, so an input that is too large is not decoded.
    const bytes = input.subarray(0, MAX_SAVED_RUN_BYTES + 1);
    return await readSavedRun(new TextDecoder().decode(bytes));
  } catch (error) {
    if (!(error instanceof SavedRunError)) throw error;
    throw new InputError(error.code, error.message);
  }
}
