import {
  MAX_SAVED_RUN_BYTES,
  readSavedRun,
  SavedRunError,
  type SavedVerdict,
  type UsedKey,
  verifySavedMessage,
} from "aauth-explain";
import { visibleText } from "agent-kit/service";
import { isoSeconds } from "protocol-trace/read";
import { ExplainInputError } from "./explain-input-error.ts";
import { PROFILES } from "./judging-options.ts";

const WORDS: Readonly<Record<SavedVerdict["state"], string>> = {
  verified: "✓ verified",
  refused: "✕ REFUSED",
  recorded: "– recorded",
};
const COLOURS: Readonly<Record<SavedVerdict["state"], number>> = { verified: 32, refused: 31, recorded: 2 };
const LEGEND =
  "Verified: signature, body and token, by the keys below. Recorded: the words of the file's maker.";
const COMPARE = "Keys (RFC 7638 thumbprints), to be compared with those that the parties publish:";

interface SavedRunIo {
  readonly print: (text: string) => void;
  readonly colour: boolean;
  readonly json: boolean;
}

/** Whether an input is an HTML page: no request, command or recording begins like one. */
export const isPage = (input: Uint8Array): boolean =>
  /^\s*<!doctype html/i.test(new TextDecoder().decode(input.subarray(0, 100)));

/**
 * Verifies a saved run as its own page does, and prints a table of its messages and the keys that
 * they were verified by. A verified message is called by what its signature proves.
 *
 * @returns the exit status: 1 where a message is refused, else 0
 * @throws ExplainInputError with the code of the file's error
 */
export async function explainSavedRun(input: Uint8Array, io: SavedRunIo): Promise<0 | 1> {
  const run = await readFile(input);
  const nameOf = (id: string) => run.parties.find((party) => party.id === id)?.name ?? id;
  const rows = await Promise.all(
    run.messages.map(async (message, index) => {
      const { state, reason, atSeconds, proven } = await verifySavedMessage(message, PROFILES);
      const recorded = { from: nameOf(message.from), to: nameOf(message.to), what: message.what };
      return { number: index + 1, state, reason, signedAt: atSeconds, proven, recorded };
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
  if (io.json) io.print(visibleText(JSON.stringify(rows)));
  else
    io.print(
      [visibleText(`Run ${run.requestId}: ${counts.join(", ")}`), ...table, LEGEND, ...list].join("\n"),
    );
  return rows.some(({ state }) => state === "refused") ? 1 : 0;
}

const keyLine = ({ id, kid, thumbprint }: UsedKey, signer: string) =>
  visibleText(`  ${thumbprint}  ${id ?? signer}${kid === undefined ? "" : `, kid ${kid}`}`);

async function readFile(input: Uint8Array) {
  try {
    // Characters are bytes at least: what is too large in bytes is not decoded.
    const bytes = input.subarray(0, MAX_SAVED_RUN_BYTES + 1);
    return await readSavedRun(new TextDecoder().decode(bytes));
  } catch (error) {
    if (!(error instanceof SavedRunError)) throw error;
    throw new ExplainInputError(error.code, error.message);
  }
}
